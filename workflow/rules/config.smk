# What a config must be, beyond what its schema says, and how to tell. Functions only.
import difflib
import re
from pathlib import Path
from urllib.parse import unquote, urlparse

from jsonschema import Draft202012Validator


def suggestion(word, known):
    """Say which known word may have been meant, or which there are."""
    close = difflib.get_close_matches(str(word), known, n=1)
    return f"did you mean {close[0]}?" if close else f"known are: {', '.join(known)}."


def schema_problem(error):
    """One line about an error of the JSON schema: the key, what is wrong, what to write instead."""
    key = ".".join(map(str, error.absolute_path)) or "the config"
    if error.validator == "additionalProperties":
        known = list(error.schema["properties"])
        unknown = [name for name in error.instance if name not in known]
        return "\n".join(f"{key}: unknown key {name}; {suggestion(name, known)}" for name in unknown)
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        return f"{key}: missing {', '.join(missing)}."
    if error.validator == "enum":
        return f"{key}: {error.instance!r} is not possible; {suggestion(error.instance, error.validator_value)}"
    if error.validator == "type":
        wanted = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
        hint = ""
        if isinstance(error.instance, str) and re.fullmatch(r"[\d.]+e[+-]?\d+", error.instance, re.IGNORECASE):
            hint = " (YAML reads 1e-7 as text; write 1.0e-7)"
        return f"{key}: {error.instance!r} is not {' or '.join(wanted)}{hint}."
    if error.validator == "minItems":
        return f"{key}: the list is empty; give at least one."
    if error.validator == "uniqueItems":
        repeated = sorted({str(item) for item in error.instance if error.instance.count(item) > 1})
        return f"{key}: {', '.join(repeated)} stands there more than once; name each once."
    if error.validator == "pattern" and error.absolute_path and error.absolute_path[-1] == "checksum":
        return f"{key}: {error.instance!r} is not a checksum; write md5: or sha256: and the hexadecimal digest."
    if error.validator == "pattern":
        return f"{key}: {error.instance!r} is not a name; use letters, digits and _, a letter first."
    return f"{key}: {error.message}."


def local_path(source):
    """The path that a source names, or None if it is an address on the network."""
    parts = urlparse(source)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    return None if "://" in source else Path(source)


def meaning_problems(config):
    """The mistakes that a schema cannot see, one line each, in a config that fits the schema."""
    for name in ("imdb", "glove"):
        for i, source in enumerate(config[name]["sources"]):
            path = local_path(source)
            if path and not path.is_file():
                yield f"{name}.sources.{i}: there is no file {path}; correct the path, or remove this source."
            if not path and urlparse(source).scheme not in ("http", "https"):
                yield f"{name}.sources.{i}: {source} is neither http://, https:// nor file://, nor a path."
    glove = config["glove"]
    named = re.search(r"(\d+)d\b", glove["member"])
    if named and int(named[1]) != glove["dimension"]:
        yield (
            f"glove.dimension: {glove['dimension']} does not match glove.member, {glove['member']}; "
            f"write {named[1]}, or name the file that has {glove['dimension']} dimensions."
        )
    for name, variant in config["variants"].items():
        if variant["features"] == "embedding" and "dimension" not in variant:
            yield f"variants.{name}: an embedding needs a dimension; write, for example, dimension: 256."
        if variant["features"] != "embedding" and "dimension" in variant:
            yield f"variants.{name}.dimension: only a learned embedding has one; remove it from a {variant['features']} variant."
    for name in config["active_variants"]:
        if name not in config["variants"]:
            yield f"active_variants: {name} is not defined under variants; {suggestion(name, list(config['variants']))}"


def config_problems(config, schema):
    """All that is wrong with a config, one line each; empty if it can be used."""
    errors = sorted(
        Draft202012Validator(schema).iter_errors(config), key=lambda error: list(map(str, error.absolute_path))
    )
    return list(map(schema_problem, errors)) or list(meaning_problems(config))


def complete_variant(variant, defaults):
    """The settings of a variant: its own, and the defaults for the rest; without the figures that are only shown."""
    settings = {**defaults, **variant, "optimizer": {**defaults["optimizer"], **variant.get("optimizer", {})}}
    settings.pop("chapter_accuracy", None)
    return settings
