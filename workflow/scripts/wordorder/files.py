"""Files that are either complete or not there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give a path beside `target` to write to; on success it becomes `target`, on failure it is deleted.

    The temporary name is `.part-<name>`: it keeps the suffix (Keras decides by it how to save) and is always the
    same, so that what a killed job has left behind is overwritten by the next try.
    """
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".part-{target.name}")
    try:
        yield part
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
