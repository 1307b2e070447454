"""Decide the claims about the models by the runs there are."""

from pathlib import Path
from typing import TYPE_CHECKING

from wordorder.entry import run
from wordorder.evaluation.claims import decide, read_claims
from wordorder.evaluation.predictions import Run, read_correct
from wordorder.evaluation.timing import read_step_times
from wordorder.io.atomic import atomic_write

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(
    claims_file: Path | None,
    predictions: list[Path],
    step_times: Path | None,
    table: Path,
    *,
    claims: str,
    runs: list[Run],
    variants: list[str],
    resamples: int,
    seed: int,
) -> None:
    """Write one row for each claim that can be decided.

    `claims` is the text of the `claims_file`, which is None if they are the workflow's own. `runs` are those of the
    predictions; `variants` are all that the config defines, active or not.
    """
    stated = read_claims(claims, variants, name=str(claims_file or "config/claims.yaml"))
    _, correct = read_correct(predictions)
    times = read_step_times(step_times) if step_times else None
    decided = decide(stated, correct, runs, times, resamples=resamples, seed=seed)
    with atomic_write(table) as part:
        decided.to_csv(part, index=False)
    print(f"{len(decided)} of {len(stated)} claims decided; there are no runs for the others")
    print(decided.drop(columns=["text", "source"]).to_string(index=False))


if __name__ == "__main__":
    run(main, snakemake)
