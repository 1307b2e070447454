"""Pages and the tables on them."""

import re
from xml.etree import ElementTree

import pandas as pd
import pytest

import plot_figure
import render_table
from wordorder.io.errors import InputError
from wordorder.report.pages import markdown_html, page, table_html


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


def test_page_of_a_table(tmp_path):
    # Catches: columns without a figure, such as intervals where there is one seed, that push others out of sight.
    (tmp_path / "summary.csv").write_text("variant,accuracy,low\na,0.5,\nb,,\n", encoding="utf-8")
    render_table.main(tmp_path / "summary.csv", tmp_path / "summary.html", title="A & B", caption="Means <i>.")
    html = (tmp_path / "summary.html").read_text(encoding="utf-8")
    assert "<title>A &amp; B</title>" in html
    assert "<h1>A &amp; B</h1>\n<p>Means &lt;i&gt;.</p>" in html
    (table,) = re.findall("<table>.*</table>", html, re.DOTALL)
    assert cells(table) == [["variant", "accuracy"], ["a", "0.5"], ["b", ""]]
    # Without rows the head is what there is to show.
    (tmp_path / "summary.csv").write_text("variant,accuracy\n", encoding="utf-8")
    render_table.main(tmp_path / "summary.csv", tmp_path / "summary.html", title="A & B", caption="Means <i>.")
    assert "<th>variant</th>" in (tmp_path / "summary.html").read_text(encoding="utf-8")


def test_a_damaged_table_is_refused(tmp_path):
    # Catches: a traceback where a line of words is due, and a page that is left behind.
    path = tmp_path / "table.csv"
    for content in (b"", b"\xff\xfe\0a", b"a\n1,2\n1,2,3\n"):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"table\.csv is damaged"):
            render_table.main(path, tmp_path / "table.html", title="", caption="")
        with pytest.raises(InputError, match=r"table\.csv is damaged"):
            plot_figure.main([path], *[tmp_path / "table.html"] * 3, chart="roc", caption="", runs=None)
    assert not (tmp_path / "table.html").exists()


def test_markdown_has_tables():
    # Catches: the tables of a model card shown as lines of text.
    assert cells(markdown_html("| a | b |\n| --- | --- |\n| 1 | 2 |")) == [["a", "b"], ["1", "2"]]
