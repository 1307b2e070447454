"""Excel files."""

from collections.abc import Iterator
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from wordorder.data.corpus import Sheet, Wanted
from wordorder.io.errors import InputError
from wordorder.io.log import tell


class Excel(Sheet):
    """The first sheet. Excel makes numbers of texts that look like some; they become text again."""

    def all_rows(self, path: Path, wanted: Wanted) -> Iterator[list[str]]:
        """Yield rows as `Sheet.all_rows` does, without empty ones."""
        try:
            with path.open("rb") as file, CalamineWorkbook.from_filelike(file) as workbook:
                if others := workbook.sheet_names[1:]:
                    tell(f"Not read: the other sheets of {path}, {', '.join(map(repr, others))}.")
                rows = ([cell_text(cell) for cell in row] for row in workbook.get_sheet_by_index(0).iter_rows())
                yield from filter(any, rows)
        except (CalamineError, OSError) as error:
            raise InputError(f"{path} is not a complete Excel file ({error}). {wanted.advice.file}") from error


def cell_text(cell: object) -> str:
    """Return what a cell shows; a number that is whole without a point, because Excel has no other kind."""
    return str(int(cell) if isinstance(cell, float) and cell.is_integer() else cell)
