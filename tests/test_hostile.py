"""Whatever a corpus or a config can hold is shown as text: on every page, in every table, card, log and terminal."""

import csv
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from xml.etree import ElementTree

import corpora
import pytest
from conftest import REPOSITORY
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from wordorder.data.corpus import read_corpus
from wordorder.io.errors import InputError
from wordorder.io.terminal import printable
from wordorder.report.pages import markdown_text

# What pages, cards, tables and templates could take for more than text.
VISIBLE = [
    "</script><script>document.title='owned'</script>",
    "<!--<script>",
    "<img/src='http://hostile.example/a.png'/onerror=\"document.title='owned'\">",
    "![a](http://hostile.example/b.png)",
    "[a](javascript:document.title=1)|`<b>**c**`",
    "=cmd|'/c'!A1",
    '=HYPERLINK("http://hostile.example")',
    "{{7*7}}{%raw%}${x}%s{0}",
    "NA",
    "null",
]
# What steers a terminal, is shown in another order, is no XML, ends lines or strings.
INVISIBLE = ["\x1b]0;owned\x07\x1b[2J", "\x9b31m", "a\0b", "a\rb\x08", "\u202egpj.exe", "a\u2028b", "\ufeffa", "a\x85b"]
VARIANT = "NA"
CONFIG = {
    "vectorizers": {"words": {"max_tokens": 300, "standardize": "lower"}},
    "variants": {
        VARIANT: {"model": "lstm", "features": "one_hot", "units": 2},
        "masked": {"features": "embedding", "dimension": 4, "mask": True},
        "unmasked": {"features": "embedding", "dimension": 4, "mask": False},
        "glove": {"units": 2},
    },
    "active_variants": [VARIANT, "masked", "unmasked", "glove"],
    "seeds": [1],
    "learning_curve": {"variants": []},
    "word_order": {"variants": [VARIANT], "praise": VISIBLE[0]},
}
LAYOUT = {
    "format": "csv",
    "unlabelled": None,
    "text_column": "text",
    "label_column": "label",
    "split_column": None,
    "group_column": None,
    "group_files": None,
    "encoding": "utf-8",
}


def write_corpus(path, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([("text", "label"), *rows])


@pytest.fixture(scope="module")
def shown(pipeline, tmp_path_factory):
    """A folder in which all has been made of a hostile corpus, and what Snakemake has said."""
    directory = pipeline.repository.with_name("hostile")
    corpus = tmp_path_factory.mktemp("hostile") / "<img src=x>\x1b[2J\u202e`$(touch owned)`.csv"
    everything = [*VISIBLE, *INVISIBLE]
    rows = [
        (f"{label} {text} film {everything[(i + j) % len(everything)]}", label)
        for i, label in enumerate(VISIBLE)
        for j, text in enumerate(everything)
    ]
    write_corpus(corpus, rows)
    sources = {"sources": [str(corpus)], "checksum": None, **LAYOUT}
    result = pipeline.snakemake(directory, "report", config={**CONFIG, "corpus": sources})
    assert result.returncode == 0, result.stdout
    return directory, result.stdout


class Elements(HTMLParser):
    """The elements of a page, with their attributes."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        """Keep an element."""
        self.found.append((tag, dict(attributes)))


OURS = {
    *("html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "table", "thead", "tbody", "tr", "th", "td"),
    *("div", "script", "strong", "span", "section", "em", "ul", "li", "code"),
}


def test_pages(shown, tab):
    # Catches: markup of a corpus that a page takes for its own, runs or fetches; what ends a script.
    directory, _ = shown
    pages = sorted((directory / "results").rglob("*.html"))
    assert {"word_map", "padding", "disagreements", "word_order", VARIANT} <= {path.stem for path in pages}
    for path in pages:
        text = path.read_text(encoding="utf-8")
        elements = Elements(text).found
        assert {tag for tag, _ in elements} <= OURS, path
        assert not [each for each in elements if {"src", "href", "onerror"} & each[1].keys()], path
        tab.goto(path.as_uri())
        tab.wait_for_timeout(100)
        assert tab.title() != "owned", path
        if "figures" in path.parts:
            tab.wait_for_selector("svg")
    card = directory / f"results/model_cards/{VARIANT}.html"
    tab.goto(card.as_uri())
    assert f"Classes: {', '.join(sorted(VISIBLE))}." in tab.inner_text("body")


def test_cards(shown):
    # Catches: images that a reader of Markdown fetches, links, markup.
    directory, _ = shown
    cards = sorted((directory / "results/model_cards").glob("*.md"))
    assert len(cards) == len(CONFIG["active_variants"])
    for path in cards:
        html = MarkdownIt("commonmark").enable("table").render(path.read_text(encoding="utf-8"))
        assert {tag for tag, _ in Elements(html).found} <= OURS, path


def test_figures_can_be_drawn(shown):
    # Catches: characters that XML has not, for which there is no picture.
    directory, _ = shown
    drawn = sorted((directory / "results/figures").rglob("*.svg"))
    assert drawn
    for path in drawn:
        ElementTree.parse(path)
        assert path.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert r"\x1b]0;owned\x07" in (directory / "results/figures/word_map.svg").read_text(encoding="utf-8")


def test_tables_hold_what_is_there(shown):
    # Catches: names that are taken for missing values; cells that are cut or altered.
    directory, _ = shown
    with (directory / "results/embeddings/word_map.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["class"] for row in rows} <= set(VISIBLE)
    assert {"NA", "null", VISIBLE[0]} <= {row["class"] for row in rows}
    drawn = (directory / "results/figures/word_map.svg").read_text(encoding="utf-8")
    assert ">null<" in drawn
    with (directory / "results/summary.csv").open(encoding="utf-8", newline="") as file:
        assert VARIANT in {row["variant"] for row in csv.DictReader(file)}
    assert ">NA<" in (directory / "results/tables/summary.html").read_text(encoding="utf-8")


def test_logs_and_terminals(shown):
    # Catches: escape sequences that steer a terminal; marks that show a line in another order.
    directory, said = shown
    texts = [said, *(path.read_text(encoding="utf-8") for path in (directory / "logs").rglob("*.log"))]
    assert len(texts) > 20
    for text in texts:
        assert printable(text, newlines=True) == text
    assert "\\x1b[2J" in (directory / "logs/download_corpus.log").read_text(encoding="utf-8")
    assert not list(directory.rglob("owned"))
    for arguments in (["predict", "-m", VARIANT, "-f", "jsonl"], ["explain", "-m", VARIANT], ["models"]):
        command = [sys.executable, "-m", "wordorder.app.cli", *arguments, "-d", str(directory)]
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "workflow/scripts")}
        texts = "\n".join(re.sub("[\n\r]", "", each) for each in [*VISIBLE, *INVISIBLE])
        answered = subprocess.run(command, input=texts, env=environment, capture_output=True, text=True)
        assert answered.returncode == 0, answered.stderr
        assert printable(answered.stdout, newlines=True) == answered.stdout


@pytest.mark.parametrize("name", INVISIBLE)
def test_a_class_whose_name_cannot_be_seen_is_refused(tmp_path, name):
    # Catches: a name that steers every terminal it comes to.
    write_corpus(tmp_path / "corpus.csv", [("good", name), ("bad", "b")])
    with pytest.raises(InputError) as raised:
        read_corpus([tmp_path / "corpus.csv"], [], **corpora.LAYOUT | LAYOUT | {"text_column": ["text"]})
    assert printable(str(raised.value)) == str(raised.value)
    assert "the name of the class" in str(raised.value)


@given(st.text())
def test_printable(text):
    # Catches: a character that comes through, or text that is altered without need.
    shown = printable(text)
    assert not re.search("[\0-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]", shown)
    assert printable(shown) == shown
    assert shown == text or not text.isprintable()


def test_printable_keeps_what_belongs_to_words():
    # Catches: ends of lines that are lost where there may be some; Persian words and emoji taken apart.
    assert printable("a\n\tb\r", newlines=True) == "a\n\tb\\r"
    assert printable("a\n") == "a\\n"
    assert printable("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \U0001f469\u200d\U0001f680\xa0") == (
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \U0001f469\u200d\U0001f680\xa0"
    )


@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1))
def test_markdown_text(text):
    # Catches: a character of Markdown, in any place, that is obeyed.
    (inline,) = [each for each in MarkdownIt("commonmark").parse(f"- a {markdown_text(text)}") if each.type == "inline"]
    assert "".join(each.content for each in inline.children) == f"a {text}"
    assert {each.type for each in inline.children} <= {"text", "text_special"}
