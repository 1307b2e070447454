"""Download or copy the corpus."""

from pathlib import Path
from typing import TYPE_CHECKING

from wordorder.data.download import fetch
from wordorder.io.log import logged

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        fetch(snakemake.config["corpus"]["sources"], Path(snakemake.output[0]), snakemake.config["corpus"]["checksum"])
