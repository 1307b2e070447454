"""A folder of compiled code that trainings, seeds and evaluations share: JAX's persistent cache, made safe to share.

JAX writes its entries in place and never again, so a job that is killed would leave half an entry for good. Here every
process has a folder of its own, with links to what is shared; what it adds is renamed into the shared folder when it
ends. A damaged entry costs a warning in the log, and is compiled again.
"""

import atexit
import hashlib
import os
import platform
import shutil
import tempfile
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path


def share_compiled_code(folder: Path) -> None:
    """Let this process use what others have compiled for the same processor, and add to it; before JAX is imported.

    Nothing happens if the user has chosen a folder (`JAX_COMPILATION_CACHE_DIR`). A folder that cannot be read or
    written is no error.
    """
    if "JAX_COMPILATION_CACHE_DIR" in os.environ:
        return
    shared = folder / processor()
    own = Path(tempfile.mkdtemp(prefix="wordorder-"))
    for entry in shared.glob("*-cache"):
        (own / entry.name).symlink_to(entry.absolute())
    os.environ["JAX_COMPILATION_CACHE_DIR"] = str(own)
    # Caches that XLA would keep beside; with them the path is part of the key, and nothing is ever found again.
    os.environ["JAX_PERSISTENT_CACHE_ENABLE_XLA_CACHES"] = "none"
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    atexit.register(publish, own, shared)


def publish(own: Path, shared: Path) -> None:
    """Move what a process has compiled to where others find it."""
    new = [entry for entry in own.glob("*-cache") if not entry.is_symlink()]
    if new:
        with suppress(OSError):
            shared.mkdir(parents=True, exist_ok=True)
            # Aside first, because the folders may lie on different disks.
            with tempfile.TemporaryDirectory(dir=shared) as aside:
                for entry in new:
                    Path(shutil.copy(entry, aside)).replace(shared / entry.name)
    shutil.rmtree(own, ignore_errors=True)


def processor(description: Path = Path("/proc/cpuinfo")) -> str:
    """Return a name for this kind of processor and for the versions of what compiles for it.

    JAX would run code for another one, and only warn. All that Linux says of the instructions of a processor counts.
    """
    told = [platform.machine(), platform.processor(), version("jax"), version("jaxlib")]
    with suppress(OSError):
        lines = description.read_text(encoding="utf-8").splitlines()
        told += sorted({line for line in lines if line.startswith(("model name", "flags", "CPU part", "Features"))})
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]
