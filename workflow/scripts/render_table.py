"""Show a table as a page."""

from pathlib import Path
from typing import TYPE_CHECKING

from wordorder.entry import run
from wordorder.io.atomic import atomic_write
from wordorder.io.errors import reading
from wordorder.io.frames import read_csv
from wordorder.report.pages import page, table_html

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(csv: Path, html: Path, *, title: str, caption: str) -> None:
    """Write the table as HTML under its title and caption, without columns in which there is nothing."""
    with reading(csv):
        read = read_csv(csv)
    # Without rows there is nothing in any column, and the head is what there is to show.
    filled = read.dropna(axis="columns", how="all") if len(read) else read
    with atomic_write(html) as part:
        part.write_text(page(title, table_html(filled), caption=caption), encoding="utf-8")


if __name__ == "__main__":
    run(main, snakemake)
