"""Pages to look at in a browser, with nothing from elsewhere."""

import re
import string
from html import escape

import pandas as pd
from markdown_it import MarkdownIt

STYLE = """
body { font: 14px/1.5 "Liberation Sans", Arial, Helvetica, sans-serif; color: #333; margin: 1.5rem; max-width: 75rem; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.1rem; } p { max-width: 50rem; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { padding: .25rem .5rem; text-align: left; border-bottom: 1px solid #e5e5e5; vertical-align: top; }
td { white-space: nowrap; }
td.long { min-width: 18rem; white-space: normal; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
code { font-size: .95em; background: #f5f5f5; padding: 0 .2em; }
"""


def page(title: str, body: str, *, caption: str = "", style: str = "") -> str:
    """Return an HTML page; `title` and `caption` are text, `body` is HTML, `style` more CSS.

    With a caption, title and caption stand above the body; without one the body has a title of its own.
    """
    head = f"<h1>{escape(title)}</h1>\n<p>{escape(caption)}</p>\n" if caption else ""
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
        f"<style>{STYLE}{style}</style>\n</head>\n<body>\n{head}{body}\n</body>\n</html>\n"
    )


def markdown_text(text: str) -> str:
    """Return Markdown that shows a line of text as it is."""
    return re.sub(f"([{re.escape(string.punctuation)}])", r"\\\1", text)


def markdown_html(text: str) -> str:
    """Return Markdown, with tables, as HTML. HTML in it is shown as text."""
    return MarkdownIt("commonmark", {"html": False}).enable("table").render(text)


def shown(value: object) -> str:
    """Return a value of a table as text: floats with four digits, nothing for what is missing."""
    if pd.isna(value):
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def cell_class(column: pd.Series) -> str:
    """Return the attribute for the cells of a column: the class of numbers, of long texts, or none."""
    if pd.api.types.is_numeric_dtype(column):
        return ' class="number"'
    return ' class="long"' if column.astype(str).str.len().max() > 40 else ""


def table_html(table: pd.DataFrame) -> str:
    """Return a table as HTML, its numbers to the right, and with room for long texts."""
    kinds = [cell_class(table[name]) for name in table]
    head = "".join(
        f"<th{attribute}>{escape(name.replace('_', ' '))}</th>" for name, attribute in zip(table, kinds, strict=True)
    )
    rows = [
        "<tr>"
        + "".join(f"<td{attribute}>{escape(shown(value))}</td>" for value, attribute in zip(row, kinds, strict=True))
        + "</tr>"
        for row in table.itertuples(index=False)
    ]
    return "\n".join([f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>", *rows, "</tbody>\n</table>"])
