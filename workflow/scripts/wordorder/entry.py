"""Call the `main` of a script with what its rule names: inputs, outputs, settings, wildcards, threads."""

import inspect
from collections.abc import Callable
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin

from wordorder.io.log import logged


def run(main: Callable[..., None], snakemake: Any) -> None:
    """Call `main` under the log of its rule, its parameters bound by name and converted as they are annotated.

    A parameter is the name of an input, an output, a key of one of the two params, `settings` and `untracked`, a
    wildcard, or `threads`. Raises TypeError, in the log, if nothing has that name, or more than one.
    """
    sections = {
        "input": dict(snakemake.input.items()),
        "output": dict(snakemake.output.items()),
        "settings": snakemake.params.get("settings", {}),
        "untracked": snakemake.params.get("untracked", {}),
        "wildcards": dict(snakemake.wildcards.items()),
        "job": {"threads": snakemake.threads},
    }
    with logged(snakemake.log[0], strict=snakemake.config.get("strict", False)):
        parameters = inspect.signature(main).parameters
        main(**{name: bound(name, each.annotation, sections) for name, each in parameters.items()})


def bound(name: str, annotation: Any, sections: dict[str, dict[str, Any]]) -> Any:
    """Return the value for a parameter. Raises TypeError unless exactly one section has its name."""
    found = [section for section, values in sections.items() if name in values]
    if len(found) != 1:
        raise TypeError(f"{name}, a parameter of main, is named by {' and '.join(found) or 'nothing'} in the rule.")
    return converted(sections[found[0]][name], annotation)


def converted(value: Any, annotation: Any) -> Any:
    """Return a value of a rule as the annotation asks for it: paths, lists of paths, numbers in wildcards.

    Where a path may be None, an empty list of files is.
    """
    if get_origin(annotation) is UnionType:
        kinds = [each for each in get_args(annotation) if each is not type(None)]
        return None if value is None or value == [] else converted(value, kinds[0])
    if annotation == list[Path]:
        return [Path(each) for each in ([value] if isinstance(value, str) else value)]
    return annotation(value) if annotation in (Path, int) else value
