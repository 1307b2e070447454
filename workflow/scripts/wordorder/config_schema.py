"""The config as a JSON schema: for editors, for the workflow catalogue, for messages and for config/README.md."""

from functools import cache
from typing import Any

from wordorder.config import Config

SCHEMA = "https://json-schema.org/draft/2020-12/schema"


@cache
def json_schema() -> dict[str, Any]:
    """Return the schema of the config without references: type and description at every key."""
    schema = Config.model_json_schema(mode="validation")
    plain = inlined(schema, schema["$defs"])
    return {"$schema": SCHEMA, **plain}


def inlined(schema: Any, definitions: dict[str, Any]) -> Any:
    """Return a schema with what references point to in their place, and null, or others, as one of several types."""
    if isinstance(schema, list):
        return [inlined(each, definitions) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        target = definitions[schema["$ref"].rsplit("/", 1)[1]]
        return inlined({**target, **{key: value for key, value in schema.items() if key != "$ref"}}, definitions)
    dropped = ("$defs", "title", "discriminator")
    plain = {key: inlined(value, definitions) for key, value in schema.items() if key not in dropped}
    if "properties" in schema:
        # A setting may be called title.
        plain["properties"] = {name: inlined(value, definitions) for name, value in schema["properties"].items()}
    if "const" in plain:
        plain["enum"] = [plain.pop("const")]
    if "oneOf" in plain:
        plain = {"type": "object", "description": "A variant, by its kind of model.", **plain}
    kinds = plain.get("anyOf", [{}])
    if all(isinstance(kind.get("type"), str) for kind in kinds):
        del plain["anyOf"]
        merged = {key: value for kind in kinds for key, value in kind.items()}
        plain = {**merged, **plain, "type": [kind["type"] for kind in kinds]}
        if "enum" in plain and "null" in plain["type"]:
            plain["enum"] = [*plain["enum"], None]
    return plain


def schema_at(loc: tuple) -> dict[str, Any]:
    """Return the schema of a place in the config, as pydantic names it: in a variant the third part is its kind."""
    schema = json_schema()
    for i, part in enumerate(loc):
        if i == 2 and loc[0] == "variants":
            (schema,) = (each for each in schema["oneOf"] if each["properties"]["model"]["enum"] == [part])
        elif part in schema.get("properties", {}):
            schema = schema["properties"][part]
        elif isinstance(part, int):
            schema = schema["items"]
        else:
            # What has names of the user's choice.
            (schema,) = schema["patternProperties"].values()
    return schema


def complete_schema(shipped: dict[str, Any]) -> dict[str, Any]:
    """Return the schema with a default at every key: the class's, or what the shipped config has there."""

    def completed(schema: dict[str, Any], value: Any) -> dict[str, Any]:
        if "properties" in schema:
            given = value if isinstance(value, dict) else {}
            properties = {name: completed(each, given.get(name)) for name, each in schema["properties"].items()}
            schema = {**schema, "properties": properties}
        if "patternProperties" in schema:
            named = {name: completed(each, None) for name, each in schema["patternProperties"].items()}
            schema = {**schema, "patternProperties": named, "additionalProperties": False}
        if "oneOf" in schema:
            schema = {**schema, "oneOf": [completed(each, None) for each in schema["oneOf"]]}
        if "default" not in schema:
            # What has keys is made of their defaults.
            schema = {**schema, "default": {} if value is None and schema["type"] == "object" else value}
        return schema

    return completed(json_schema(), shipped)
