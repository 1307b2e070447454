"""Parquet files."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from wordorder.data.corpus import SEVERAL, Table, Wanted, column_index
from wordorder.io.errors import InputError

# Rows read at a time, and bytes: else a column of a row group is read as a whole, and a file may have a single one.
CHUNK = 2048
BUFFER = 2**20


class Parquet(Table):
    """Columns of text; labels may be numbers or booleans as well, and have the names that Hugging Face gave them."""

    def rows(self, path: Path, wanted: Wanted) -> Iterator[Sequence[str | None]]:
        """Yield rows as `Table.rows` does."""
        try:
            with pq.ParquetFile(path, page_checksum_verification=True, buffer_size=BUFFER, pre_buffer=False) as file:
                schema = file.schema_arrow
                for name in wanted.columns:
                    kind = value_type(schema.types[column_index(path, schema.names, name, wanted.advice.column)])
                    if not is_text(kind) and not (name in wanted.numbers and is_number(kind)):
                        several = SEVERAL if name in wanted.numbers and pa.types.is_nested(kind) else ""
                        raise InputError(
                            f"{path}: the column {name} holds {kind} and not text. {several}{wanted.advice.column}"
                        )
                classes = {name: class_names(schema, name) for name in wanted.columns}
                missing = file.metadata.num_rows
                for batch in file.iter_batches(CHUNK, columns=list(wanted.columns)):
                    missing -= len(batch)
                    columns = (
                        texts(batch[name], classes[name], f"{path}: the column {name}") for name in wanted.columns
                    )
                    yield from zip(*columns, strict=True)
                if missing:
                    raise ValueError(f"{missing} rows are missing")
        except (pa.ArrowException, OSError, ValueError) as error:
            raise InputError(f"{path} is not a complete Parquet file ({error}). {wanted.advice.file}") from error

    def columns(self, path: Path, encoding: str) -> list[str]:
        """Return the names of the columns of text, numbers and booleans."""
        try:
            schema = pq.read_schema(path)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise InputError(f"{path} is not a complete Parquet file ({error}).") from error
        kinds = [(field.name, value_type(field.type)) for field in schema]
        return [name for name, kind in kinds if is_text(kind) or is_number(kind)]


def class_names(schema: pa.Schema, column: str) -> list[str]:
    """Return the names of the numbers in a column of the type ClassLabel of Hugging Face's datasets; none in others."""
    metadata = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
    feature = metadata.get("info", {}).get("features", {}).get(column, {})
    return feature.get("names", []) if feature.get("_type") == "ClassLabel" else []


def value_type(kind: pa.DataType) -> pa.DataType:
    """Return the type of the values in a column, which may be written as a dictionary of them, and their numbers."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def is_text(kind: pa.DataType) -> bool:
    """Return whether this is one of the types of text."""
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def is_number(kind: pa.DataType) -> bool:
    """Return whether this is one of the types of numbers or truth values."""
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)


def texts(column: pa.Array, classes: list[str], where: str) -> list[str | None]:
    """Return the values of a column as text or, if they are numbers of classes, their names.

    None is what is missing, not a number or, of the names, less than 0. Raises pa.ArrowException if they are damaged,
    and InputError, which begins with `where`, if a class has no name.
    """
    column = column.cast(value_type(column.type))
    if is_text(column.type):
        column = column.cast(pa.large_string())
    column.validate(full=True)
    values = column.to_pylist()
    if classes and pa.types.is_integer(column.type):
        if largest := max((value for value in values if value is not None and value >= len(classes)), default=None):
            raise InputError(
                f"{where} holds {largest}, and the file has names for 0 to {len(classes) - 1} alone. Write it without "
                "them, or with all."
            )
        return [None if value is None or value < 0 else classes[value] for value in values]
    if is_text(column.type):
        return values
    return [None if value is None or value != value else json.dumps(value) for value in values]
