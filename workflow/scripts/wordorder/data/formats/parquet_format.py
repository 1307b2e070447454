"""Parquet files."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import pyarrow as pa
import pyarrow.parquet as pq

from wordorder.data.corpus import Table, Wanted, column_index
from wordorder.io.errors import InputError

# Rows read at a time.
CHUNK = 2048


class Parquet(Table):
    """Columns of text; labels may be whole numbers or booleans as well."""

    suffix: ClassVar[str] = ".parquet"

    def rows(self, path: Path, wanted: Wanted) -> Iterator[Sequence[str | None]]:
        """Yield rows as `Table.rows` does."""
        try:
            with pq.ParquetFile(path, page_checksum_verification=True) as file:
                schema = file.schema_arrow
                for name in wanted.columns:
                    kind = value_type(schema.types[column_index(path, schema.names, name, wanted.advice.column)])
                    if not is_text(kind) and not (name in wanted.numbers and is_number(kind)):
                        raise InputError(f"{path}: the column {name} holds {kind} and not text. {wanted.advice.column}")
                missing = file.metadata.num_rows
                for batch in file.iter_batches(CHUNK, columns=list(wanted.columns)):
                    missing -= len(batch)
                    yield from zip(*(texts(batch[name]) for name in wanted.columns), strict=True)
                if missing:
                    raise ValueError(f"{missing} rows are missing")
        except (pa.ArrowException, OSError, ValueError) as error:
            raise InputError(f"{path} is not a complete Parquet file ({error}). {wanted.advice.file}") from error

    def columns(self, path: Path, encoding: str) -> list[str]:
        """Return the names of the columns of text, whole numbers and booleans."""
        try:
            schema = pq.read_schema(path)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise InputError(f"{path} is not a complete Parquet file ({error}).") from error
        kinds = [(field.name, value_type(field.type)) for field in schema]
        return [name for name, kind in kinds if is_text(kind) or is_number(kind)]


def value_type(kind: pa.DataType) -> pa.DataType:
    """Return the type of the values in a column, which may be written as a dictionary of them, and their numbers."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def is_text(kind: pa.DataType) -> bool:
    """Return whether this is one of the types of text."""
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def is_number(kind: pa.DataType) -> bool:
    """Return whether this is one of the types of whole numbers, or that of booleans."""
    return pa.types.is_integer(kind) or pa.types.is_boolean(kind)


def texts(column: pa.Array) -> list[str | None]:
    """Return the values of a column as text. Raises pa.ArrowException if they are damaged."""
    column = column.cast(value_type(column.type)).cast(pa.large_string())
    column.validate(full=True)
    return column.to_pylist()
