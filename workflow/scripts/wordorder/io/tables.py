"""Tables in Parquet files, with checksums, that are read only if they are what was written; cells of CSV tables."""

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from wordorder.io.atomic import atomic_write
from wordorder.io.errors import reading


def write_table(path: Path, table: pa.Table) -> None:
    """Write a table; each page of the file gets a checksum."""
    with atomic_write(path) as part:
        pq.write_table(table, part, compression="zstd", write_page_checksum=True)


def read_table(path: Path, schema: pa.Schema) -> pa.Table:
    """Read a table of this schema, without nulls. Raises InputError if the file holds anything else or is damaged."""
    with reading(path, pa.ArrowException):
        # pq.read_table would fill a column that is missing with nulls.
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            table = file.read()
            rows = file.metadata.num_rows
        if not table.schema.equals(schema):
            raise ValueError(f"it holds {', '.join(f'{field.name} ({field.type})' for field in table.schema)}")
        if len(table) != rows:
            raise ValueError(f"it holds {len(table)} of {rows} rows")
        table.validate(full=True)
        if any(column.null_count for column in table.columns):
            raise ValueError("a value is missing")
        return table


def numbers_text(numbers: Iterable[float]) -> str:
    """Return numbers for one cell of a CSV table, between spaces, rounded to six digits."""
    return " ".join(f"{number:.6g}" for number in numbers)
