"""The machine on which a time was measured: what it is, and what else it did meanwhile."""

import os
import platform
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil

# Cores that others may keep busy while a time is measured that is to be published.
IDLE = 0.1


class Watch:
    """Watches, from when it is made, what the machine does besides this process and its children."""

    def __init__(self) -> None:
        self.start = time.perf_counter(), busy_seconds(), own_seconds()

    def others(self) -> float:
        """Return how many cores others have kept busy since, on average; children count when they have ended."""
        seconds, busy, own = (
            now - then
            for now, then in zip((time.perf_counter(), busy_seconds(), own_seconds()), self.start, strict=True)
        )
        return max(0.0, (busy - own) / seconds)

    def refuse_others(self, most: float = IDLE) -> None:
        """End the program if others kept more than so many cores busy."""
        if (others := self.others()) > most:
            sys.exit(
                f"Error: Other processes kept {others:.2f} cores busy, so the times would be wrong. End them, and run "
                "again."
            )


def busy_seconds() -> float:
    """Return the seconds of processor time that the machine has spent since it was started, waiting not included."""
    times = psutil.cpu_times()
    return sum(times) - times.idle - getattr(times, "iowait", 0) - getattr(times, "guest", 0)


def own_seconds() -> float:
    """Return the seconds of processor time of this process and of its children that have ended."""
    return sum(os.times()[:4])


def processor_name() -> str:
    """Return the name of the processor, such as "AMD EPYC 7763 64-Core Processor"."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
