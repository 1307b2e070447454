"""Compare each pair of variants by their predictions for the test reviews."""

from pathlib import Path
from typing import TYPE_CHECKING

from wordorder.comparison import compare
from wordorder.files import replacing
from wordorder.job import logged
from wordorder.predictions import read_correct

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(
    predictions: list[Path],
    comparisons: Path,
    *,
    variants: list[str],
    seeds: list[int],
    resamples: int,
    seed: int,
) -> None:
    """Write one row for each pair; the predictions come by variant and within it by seed."""
    _, correct = read_correct(predictions)
    correct = correct.reshape(len(variants), len(seeds), -1)
    table = compare(correct, variants, seeds, resamples=resamples, seed=seed)
    with replacing(comparisons) as part:
        table.to_csv(part, index=False)
    print(f"{resamples} resamples of {correct.shape[2]} reviews and {len(seeds)} seeds")
    print(table.to_string(index=False))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            predictions=[Path(path) for path in snakemake.input.predictions],
            comparisons=Path(snakemake.output.comparisons),
            variants=snakemake.params.variants,
            seeds=snakemake.params.seeds,
            resamples=snakemake.params.resamples,
            seed=snakemake.params.seed,
        )
