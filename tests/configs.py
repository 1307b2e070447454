"""The config of the chapter for tests: complete, changed, and what is wrong with a changed one."""

import copy
from pathlib import Path

import yaml

from wordorder.config_check import load_config
from wordorder.config_schema import complete_schema

REPOSITORY = Path(__file__).parents[1]
SHIPPED = yaml.safe_load((REPOSITORY / "config/config.yaml").read_text(encoding="utf-8"))


def complete(schema, value):
    """The shipped config with every key that has a default."""
    for name, each in schema.get("properties", {}).items():
        value.setdefault(name, copy.deepcopy(each["default"]))
        if isinstance(value[name], dict):
            complete(each, value[name])
    return value


CONFIG = complete(complete_schema(SHIPPED), copy.deepcopy(SHIPPED))


def keys(config, path=()):
    """The path of every key, inner ones included."""
    for key, value in config.items():
        yield (*path, key)
        if isinstance(value, dict):
            yield from keys(value, (*path, key))


def problems_of(config):
    """The lines of the message about a config, none if it can be used."""
    try:
        load_config(config)
    except ValueError as error:
        head, *problems = str(error).split("\n- ")
    else:
        return []
    assert head == "The config cannot be used:"
    return problems


def copy_and_parent(path):
    """A copy of the chapter's config, and the mapping in it that holds the last key of `path`."""
    config = place = copy.deepcopy(CONFIG)
    for key in path[:-1]:
        place = place[key]
    return config, place


def changed(path, value):
    """The config of the chapter with another value at `path`."""
    config, place = copy_and_parent(path)
    place[path[-1]] = value
    return config


def value_at(path):
    """The value in the chapter's config."""
    return copy_and_parent(path)[1][path[-1]]


PATHS = list(keys(CONFIG))
LEAVES = [path for path in PATHS if not isinstance(value_at(path), dict)]
