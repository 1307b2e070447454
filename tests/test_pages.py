"""Pages and the tables on them."""

from xml.etree import ElementTree

import pandas as pd

from wordorder.pages import markdown_html, page, table_html


def test_text_is_shown_and_not_obeyed():
    # Catches: a review or a name of a variant that runs as code where it is shown.
    evil = "<script>alert(1)</script>"
    shown = page(
        evil, table_html(pd.DataFrame({evil: [evil]})) + markdown_html(f"# {evil}\n\n| a |\n| --- |\n| {evil} |")
    )
    assert "<script>" not in shown
    assert shown.count("&lt;script&gt;") == 5


def cells(table):
    """The texts of a table, by row."""
    return [["".join(cell.itertext()) for cell in row] for row in ElementTree.fromstring(table).iter("tr")]


def test_table_as_a_reader_sees_it():
    # Catches: rows or columns that are lost, NaN, numbers with all their digits.
    table = pd.DataFrame({"variant": ["a", "b"], "test_accuracy": [0.8774531, None], "seeds": [3, 1]})
    assert cells(table_html(table)) == [["variant", "test accuracy", "seeds"], ["a", "0.8775", "3"], ["b", "", "1"]]


def test_markdown_has_tables():
    # Catches: the tables of a model card shown as lines of text.
    assert cells(markdown_html("| a | b |\n| --- | --- |\n| 1 | 2 |")) == [["a", "b"], ["1", "2"]]
