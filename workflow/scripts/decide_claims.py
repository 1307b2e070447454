"""Decide the claims about the models by the runs there are."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wordorder.entry import run
from wordorder.evaluation.claims import Evidence, decide, measure_questions, read_claims
from wordorder.evaluation.intervals import measure
from wordorder.evaluation.predictions import Run, read_with_groups
from wordorder.evaluation.summary import read_costs
from wordorder.evaluation.timing import read_step_times
from wordorder.io.atomic import atomic_write
from wordorder.io.errors import reading
from wordorder.io.frames import read_csv

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(
    claims_file: Path | None,
    predictions: list[Path],
    reviews: Path,
    costs: list[Path],
    step_times: Path | None,
    questions: Path | None,
    table: Path,
    *,
    claims: str,
    runs: list[Run],
    varies_like: dict[str, str | None],
    variants: list[str],
) -> None:
    """Write one row for each claim that can be decided.

    `claims` is the text of the `claims_file`, which is None if they are the workflow's own. `runs` are those of the
    predictions, and of the costs as far as there are some: ensembles, which come last, have none. `varies_like` is that
    of `Measurements`; `variants` are all that the config defines, active or not, with the ensembles.
    """
    stated = read_claims(claims, variants, name=str(claims_file or "config/claims.yaml"))
    seconds: dict[str, list[float]] = {}
    for (variant, size, _), path in zip(runs, costs, strict=False):
        if size == "all":
            seconds.setdefault(variant, []).append(read_costs(path)["training_seconds"])
    vectors = None
    if questions:
        with reading(questions):
            answered = read_csv(questions)
        vectors = measure_questions(answered, varies_like)
    evidence = Evidence(
        measure(*read_with_groups(predictions, reviews), runs, varies_like),
        read_step_times(step_times) if step_times else None,
        {variant: np.array(each) for variant, each in seconds.items()},
        vectors,
    )
    decided = decide(stated, evidence)
    with atomic_write(table) as part:
        decided.to_csv(part, index=False)
    print(f"{len(decided)} of {len(stated)} claims have runs that can decide them")
    print(decided.drop(columns=["text", "source", "of_seeds"]).to_string(index=False))


if __name__ == "__main__":
    run(main, snakemake)
