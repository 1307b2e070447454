"""Write what is made from the code and from committed results: the schema of the config, lists, figures of pages."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from fill_pages import PAGES, filled
from wordorder.config_schema import complete_schema
from wordorder.models.kind import kinds

REPOSITORY = Path(__file__).resolve().parents[2]
# The keys in config/README.md between these comments: of the config, or those of each vectorizer or variant.
TABLE = re.compile(r"(<!-- keys: (.+?) -->\n).*?(<!-- /keys -->)", re.DOTALL)
# What modules are written in, and what they read.
KINDS = (".py", ".yaml", ".jinja", ".html", ".css", ".js")
# The longest default that has room in a table.
WIDTH = 45


def generated(repository: Path) -> dict[Path, str]:
    """Return the files that are made from the code, with what should be in them."""
    shipped = yaml.safe_load((repository / "config/config.yaml").read_text(encoding="utf-8"))
    schema = complete_schema(shipped)
    readme = repository / "config/README.md"
    return {
        **{repository / page: filled(page, repository) for page in PAGES},
        repository / "workflow/schemas/config.schema.yaml": as_yaml(schema),
        readme: TABLE.sub(
            lambda match: "".join([match[1], *table(schema, match[2]), match[3]]), readme.read_text(encoding="utf-8")
        ),
        repository / "workflow/scripts/MANIFEST": "".join(
            f"{name}\n" for name in files(repository / "workflow/scripts")
        ),
    }


def as_yaml(schema: dict[str, Any]) -> str:
    """Return a schema as YAML, with equal parts written out."""
    dumper = type("Dumper", (yaml.SafeDumper,), {"ignore_aliases": lambda *arguments: True})
    return yaml.dump(schema, Dumper=dumper, sort_keys=False, allow_unicode=True, width=120)


def files(scripts: Path) -> list[str]:
    """Return the files that a hosted module brings to the disk: scripts, modules, what modules read; scripts first."""
    paths = [path.relative_to(scripts) for path in scripts.rglob("*") if path.suffix in KINDS]
    return [path.as_posix() for path in sorted(paths, key=lambda path: (len(path.parts) > 1, path.as_posix()))]


def table(schema: dict[str, Any], names: str) -> Iterator[str]:
    """Yield the lines of a Markdown table of keys: of the config, or of `variants` or `vectorizers` if so asked."""
    if names == "each of variants":
        yield from variant_table(schema)
        return
    if names == "each of vectorizers":
        (section,) = schema["properties"]["vectorizers"]["patternProperties"].values()
    else:
        section = {"properties": {name: schema["properties"][name] for name in names.split(", ")}}
    yield "| key | default | meaning |\n| --- | --- | --- |\n"
    for row in rows(section):
        yield f"| {' | '.join(row)} |\n"


def rows(section: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield key, default and meaning of each key of a section, and of the sections in it."""
    for name, key in section["properties"].items():
        if "properties" in key:
            yield from rows(key, f"{prefix}{name}.")
        else:
            required = name in section.get("required", []) and key["default"] is None
            yield f"`{prefix}{name}`", "required" if required else default(key["default"]), meaning(key)


def meaning(key: dict[str, Any]) -> str:
    """Return the description of a key, with its possible values if that does not name them."""
    values = [f"`{value}`" for value in key.get("enum", []) if value is not None]
    named = len(values) < 2 or all(value in key["description"] for value in values)
    return key["description"] if named else f"{key['description']} One of {', '.join(values)}."


def default(value: Any) -> str:
    """Return a default as a cell of a table."""
    if value is None or value == []:
        return "none"
    text = yaml.safe_dump(value, default_flow_style=True, width=1000).removesuffix("\n...\n").strip()
    return f"`{text}`" if len(text) <= WIDTH else "see `config.yaml`"


def variant_table(schema: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of a Markdown table of the keys of a variant, each with the kinds of model that have it."""
    (variant,) = schema["properties"]["variants"]["patternProperties"].values()
    (model,) = rows({"properties": {"model": schema["properties"]["defaults"]["properties"]["model"]}})
    named: dict[tuple[str, str, str], list[str]] = {}
    for kind, section in zip(kinds(), variant["oneOf"], strict=True):
        for row in rows(section):
            # What all have in common, though each names itself.
            named.setdefault(model if row[0] == model[0] else row, []).append(f"`{kind}`")
    # Keys of all kinds first.
    spread = Counter(row[0] for row, those in named.items() for _ in those)
    first = {row[0]: place for place, row in reversed(list(enumerate(named)))}
    yield "| key | kinds of model | default | meaning |\n| --- | --- | --- | --- |\n"
    for row in sorted(named, key=lambda row: (-spread[row[0]], first[row[0]])):
        those = "all" if len(named[row]) == len(kinds()) else ", ".join(named[row])
        yield f"| {' | '.join((row[0], those, *row[1:]))} |\n"


if __name__ == "__main__":
    for path, text in generated(REPOSITORY).items():
        path.write_text(text, encoding="utf-8")
