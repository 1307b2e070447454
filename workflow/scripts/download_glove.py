"""Download one file of pretrained vectors, out of an archive or as it is."""

from pathlib import Path
from typing import TYPE_CHECKING

from wordorder.data.download import fetch_vectors
from wordorder.io.log import logged

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        fetch_vectors(
            snakemake.config["glove"]["sources"],
            Path(snakemake.output[0]),
            snakemake.params.member,
            snakemake.config["glove"]["checksum"],
        )
