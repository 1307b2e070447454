"""Read the contents of the report: its figures, tables and pages, each with its place, label and caption."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

CONTENTS = Path(__file__).with_name("contents.yaml")


class Entry(NamedTuple):
    """One figure, table or page of the report.

    `name` is its key in `contents.yaml`. `tables` are CSV files, without their ending: under results/ or, where they
    are `of_runs`, in the folders of all trainings. `needs` is what the config has to ask for, if anything.
    """

    name: str
    category: str
    labels: dict[str, str]
    caption: str
    tables: list[str]
    of_runs: bool
    needs: str | None


def figures() -> dict[str, Entry]:
    """Return the figures, in order, by their paths under results/figures/ without the ending."""
    return entries("figures", ())


def tables() -> dict[str, Entry]:
    """Return the tables, in order, by their paths under results/tables/ without the ending."""
    return entries("tables", ())


def pages(variants: Sequence[str]) -> dict[str, Entry]:
    """Return the other pages, in order, by their paths under results/ without the ending."""
    return entries("pages", variants)


def entries(section: str, variants: Sequence[str]) -> dict[str, Entry]:
    """Return the entries of a section by name; `each: variant` makes one for each, named <name>/<variant>."""
    found = {}
    for name, keys in contents()[section].items():
        for variant in variants if keys.get("each") == "variant" else [None]:
            labels = {"variant": variant} if variant else {"what": keys["label"]}
            found[f"{name}/{variant}" if variant else name] = Entry(
                name,
                keys["category"],
                labels,
                keys["caption"],
                keys.get("tables", []),
                keys.get("of_runs", False),
                keys.get("needs"),
            )
    return found


@cache
def contents() -> dict[str, dict[str, Any]]:
    """Return the sections of `contents.yaml`."""
    return yaml.safe_load(CONTENTS.read_text(encoding="utf-8"))
