"""Check a config, and say for each mistake which key it is at, what is wrong and what to write instead."""

import sys
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from wordorder.config import Config
from wordorder.config_schema import schema_at
from wordorder.io.terminal import printable
from wordorder.messages import shown, suggestion
from wordorder.models.kind import kinds

TYPES = {
    "object": "a mapping from keys to values",
    "array": "a list",
    "string": "text",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "null": "null",
}
LIMITS = {
    "minimum": "at least",
    "exclusiveMinimum": "greater than",
    "maximum": "at most",
    "exclusiveMaximum": "less than",
}
# Keys of the config that have another name now.
RENAMED = {"imdb": "corpus"}
# Far more than any key has; pydantic complains on the terminal about values that it cannot write out.
DEEPEST = 20
# The same in a list. By aliases, a few lists in lists hold billions of values, and pydantic may write them all out.
DEEPEST_LISTED = 1


def load_config(config: dict) -> Config:
    """Return the checked config. Raises ValueError, with a line for each mistake, if it cannot be used."""
    lines = dict.fromkeys(unnamed(config, "the config"))
    if not lines:
        digits = sys.get_int_max_str_digits()
        # pydantic writes wrong values out, and complains on the terminal where Python does not.
        sys.set_int_max_str_digits(0)
        try:
            return Config.model_validate(config)
        except ValidationError as error:
            wrong = error
        finally:
            sys.set_int_max_str_digits(digits)
        lines = dict.fromkeys(line for each in reported(wrong, config) for line in mistake(each, config))
    raise ValueError("\n- ".join(["The config cannot be used:", *map(printable, lines)]))


def unnamed(section: Any, key: str) -> Iterator[str]:
    """Yield a line for each key that is no text, such as 1 or true, and for what is nested too deep to be checked."""
    todo, seen = [(section, key, 0, 0)], set()
    while todo:
        section, key, depth, listed = todo.pop()
        # What YAML names by aliases may stand in any number of places.
        if not isinstance(section, (dict, list)) or (id(section), depth, listed) in seen:
            continue
        seen.add((id(section), depth, listed))
        if depth > DEEPEST or listed > DEEPEST_LISTED:
            yield f"{key}: too many lists and mappings within each other; nothing here needs as many."
            continue
        if isinstance(section, list):
            todo += [(each, key, depth + 1, listed + 1) for each in section]
            continue
        for name, value in reversed(section.items()):
            if isinstance(name, str):
                place = name if key == "the config" else f"{key}.{name}"
                todo.append((value, place, depth + 1, listed + bool(listed)))
            else:
                yield f"{key}: {shown(name)} is not a name; use letters, digits and _, a letter first."


def reported(error: ValidationError, config: dict) -> list[Any]:
    """Return the errors to tell, sorted by key: a mistake in the defaults is one, not one of every variant."""
    errors = sorted(error.errors(include_url=False), key=lambda each: list(map(str, each["loc"])))
    wrong = {each["loc"][1:] for each in errors if each["loc"][:1] == ("defaults",)}

    def inherited(each: Any) -> bool:
        place, *rest = each["loc"] or [None]
        key = ("model",) if each["type"] == "union_tag_invalid" else tuple(rest[2:])
        return place == "variants" and bool(rest) and key in wrong and not is_given(config["variants"][rest[0]], key)

    return [each for each in errors if not inherited(each)]


def is_given(section: Any, loc: tuple) -> bool:
    """Return whether a section has the key at a place in it."""
    return not loc or (isinstance(section, dict) and loc[0] in section and is_given(section[loc[0]], loc[1:]))


def mistake(error: Any, config: dict) -> Iterator[str]:
    """Yield lines about an error of pydantic: the key, what is wrong, what to write instead."""
    loc, kind, value = error["loc"], error["type"], error["input"]
    # The third part of a place in a variant is the kind of model, which is no key.
    place = [str(part) for i, part in enumerate(loc) if not (i == 2 and loc[0] == "variants") and part != "[key]"]
    key, parent = ".".join(place) or "the config", ".".join(place[:-1]) or "the config"
    if kind == "value_error":
        yield from str(error["ctx"]["error"]).splitlines()
    elif loc and loc[-1] == "[key]":
        yield f"{parent}: {shown(place[-1])} is not a name; use letters, digits and _, a letter first."
    elif kind == "extra_forbidden":
        known, name = schema_at(loc[:-1])["properties"], place[-1]
        if loc[0] == "variants" and any(name in each.model_fields for each in kinds().values()) and len(loc) == 4:
            yield f"{key}: the model {loc[2]} has none; remove it."
        elif RENAMED.get(name) in known:
            yield f"{parent}: {name} has been renamed; write {RENAMED[name]} in its place, with the same keys."
        else:
            yield f"{parent}: unknown key {name}; {suggestion(name, known)}"
    elif kind == "missing":
        # A misspelt key is one mistake, not two.
        given = config
        for part in place[:-1]:
            given = given[part]
        meant = [RENAMED.get(name, name) for name in given if name not in schema_at(loc[:-1])["properties"]]
        if suggestion(place[-1], meant) != f"did you mean {place[-1]}?" and not any(
            suggestion(name, [place[-1]]).startswith("did") for name in meant
        ):
            schema = schema_at(loc)
            example = f"write, for example, {place[-1]}: {schema['examples'][0]}" if "examples" in schema else ""
            yield f"{parent}: {place[-1]} missing; {example or 'config/README.md says what to write'}."
    elif kind == "union_tag_invalid" or (kind == "literal_error" and isinstance(value, str)):
        name = ".model" if kind == "union_tag_invalid" else ""
        known = list(kinds()) if name else schema_at(loc)["enum"]
        wrong = value["model"] if name else value
        model = f" for the model {loc[2]}" if len(loc) > 3 and loc[0] == "variants" else ""
        hint = suggestion(wrong, [each for each in known if each])
        yield f"{key}{name}: {shown(wrong)} is not possible{model}; {hint}"
    elif kind in ("greater_than_equal", "greater_than", "less_than", "less_than_equal"):
        schema = schema_at(loc)
        limits = " and ".join(f"{words} {schema[name]}" for name, words in LIMITS.items() if name in schema)
        yield f"{key}: {shown(value)} is out of range; write {type_words(schema)}, {limits}."
    elif kind == "repeated":
        yield f"{key}: {', '.join(map(shown, error['ctx']['values']))} stands there more than once; name each once."
    elif kind == "string_pattern_mismatch" and place[-1] == "checksum":
        yield f"{key}: {shown(value)} is not a checksum; write md5: or sha256: and the digest in lower case."
    elif kind == "string_pattern_mismatch":
        yield f"{key}: {shown(value)} is not a name; use letters, digits and _, a letter first."
    elif kind in ("too_short", "string_too_short"):
        yield f"{key}: it is empty; write {type_words(schema_at(loc))} with something in it."
    else:
        # A value of another type.
        schema = schema_at(loc)
        yield f"{key}: {shown(value)} is not {type_words(schema)}{type_hint(value, schema)}."


def type_words(schema: dict) -> str:
    """Return the types that a schema asks for, in words."""
    wanted = schema["type"]
    return " or ".join(TYPES[name] for name in ([wanted] if isinstance(wanted, str) else wanted))


def type_hint(value: Any, schema: dict) -> str:
    """Return what to write instead of a value of the wrong type, where that can be guessed."""
    wanted = schema["type"]
    if wanted == "array" and type(value) in (str, int):
        return f"; write {shown([value])}"
    if wanted == "string" and type(value) in (int, float) and abs(value) < 2**63:
        return f"; write {shown(str(value))}"
    if wanted == "boolean" and value in ("true", "false"):
        return f"; write {value}, without quotes"
    try:
        number = float(value) if isinstance(value, str | float) else float("nan")
    except ValueError:
        return ""
    if number.is_integer() and abs(number) < 2**63 and "integer" in wanted:
        return f"; write {int(number)}, without quotes or a point"
    if abs(number) < float("inf") and "number" in wanted:
        # With a point, or YAML reads 1e-07 as text.
        digits = repr(number) if "." in repr(number) else repr(number).replace("e", ".0e")
        return f"; write {digits}, without quotes, or YAML takes it for text"
    if type(value) is int and ("integer" in wanted or "number" in wanted):
        return "; it has too many digits"
    if isinstance(value, float) and "number" in wanted:
        return "; it has to be finite"
    return f"; write, for example, {schema['examples'][0]}" if "examples" in schema else ""
