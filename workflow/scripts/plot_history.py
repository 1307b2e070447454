"""Draw loss and accuracy of each epoch of the trainings of a variant."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from wordorder.report.charts import history_chart
from wordorder.report.style import save
from wordorder.io.log import logged

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(histories: list[Path], html: Path, svg: Path, png: Path, *, seeds: list[int]) -> None:
    """Write the figure; `seeds` holds the seed of each history."""
    tables = [pd.read_csv(history).assign(seed=seed) for history, seed in zip(histories, seeds, strict=True)]
    save(history_chart(pd.concat(tables, ignore_index=True)), html, svg, png)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            histories=[Path(path) for path in snakemake.input.histories],
            html=Path(snakemake.output.html),
            svg=Path(snakemake.output.svg),
            png=Path(snakemake.output.png),
            seeds=snakemake.params.seeds,
        )
