"""Download or copy the corpus."""

from pathlib import Path
from typing import TYPE_CHECKING

from wordorder.data.download import fetch, record_checksums
from wordorder.entry import run
from wordorder.io.lock import alone

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(sources: list[str], corpus: Path, checksums: Path, checksum: str | None) -> None:
    """Get the corpus from the first source that has it; a folder becomes an archive."""
    # Other runs may share the folder.
    with alone(corpus):
        fetch(sources, corpus, checksum)
        record_checksums(corpus, checksums, checksum)


if __name__ == "__main__":
    run(main, snakemake)
