"""Download one file of pretrained vectors, out of an archive or as it is."""

from pathlib import Path
from typing import TYPE_CHECKING

from wordorder.data.download import fetch_vectors, record_checksums
from wordorder.entry import run
from wordorder.io.lock import alone

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(sources: list[str], vectors: Path, checksums: Path, member: str | None, checksum: str | None) -> None:
    """Get the vectors from the first source that has them, unpacked."""
    # Other runs may share the folder.
    with alone(vectors):
        fetch_vectors(sources, vectors, member, checksum)
        record_checksums(vectors, checksums, checksum)


if __name__ == "__main__":
    run(main, snakemake)
