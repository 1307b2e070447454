"""Decide the claims about the models by the runs there are."""

from pathlib import Path
from typing import TYPE_CHECKING

from wordorder.evaluation.claims import decide, read_claims
from wordorder.io.atomic import atomic_write
from wordorder.entry import run
from wordorder.evaluation.predictions import read_correct
from wordorder.evaluation.timing import read_step_times

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(
    claims: Path,
    predictions: list[Path],
    step_times: Path | None,
    table: Path,
    *,
    runs: list[tuple[str, int | str, int]],
    variants: list[str],
    resamples: int,
    seed: int,
) -> None:
    """Write one row for each claim that can be decided.

    `runs` holds the variant, the number of training reviews ("all" or a number) and the seed of each file of
    predictions; `variants` are all that the config defines, active or not.
    """
    stated = read_claims(claims, variants)
    _, correct = read_correct(predictions)
    times = read_step_times(step_times) if step_times else None
    decided = decide(stated, correct, runs, times, resamples=resamples, seed=seed)
    with atomic_write(table) as part:
        decided.to_csv(part, index=False)
    print(f"{len(decided)} of {len(stated)} claims; for the others there are no runs")
    print(decided.drop(columns=["text", "source"]).to_string(index=False))


if __name__ == "__main__":
    run(main, snakemake)
