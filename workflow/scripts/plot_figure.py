"""Draw the figure of a table."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from wordorder.report.charts import CHARTS
from wordorder.report.style import save
from wordorder.entry import run

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(table: Path, html: Path, svg: Path, png: Path, *, figure: str) -> None:
    """Write the figure of that name as an interactive page, as SVG and as PNG."""
    save(CHARTS[figure](pd.read_csv(table)), html, svg, png)


if __name__ == "__main__":
    run(main, snakemake)
