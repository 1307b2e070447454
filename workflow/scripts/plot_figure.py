"""Draw a figure of the report."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from wordorder.entry import run
from wordorder.evaluation.predictions import Run
from wordorder.io.errors import reading
from wordorder.io.frames import read_csv
from wordorder.report import charts
from wordorder.report.style import save

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(
    tables: list[Path], html: Path, svg: Path, png: Path, *, chart: str, caption: str, runs: list[Run] | None
) -> None:
    """Write a chart of the report as an interactive page, as SVG and as PNG; `runs` are those of tables of runs."""
    parts = []
    for table in tables:
        with reading(table):
            parts.append(read_csv(table))
    if runs:
        parts = [part.assign(variant=name, seed=seed) for part, (name, _, seed) in zip(parts, runs, strict=True)]
    draw = getattr(charts, f"draw_{chart}")
    save(draw(pd.concat(parts, ignore_index=True)), html, svg, png, description=caption)


if __name__ == "__main__":
    run(main, snakemake)
