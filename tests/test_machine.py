"""What is told of the machine on which a time was measured."""

import os
import subprocess
import sys
import time

import pytest

from wordorder.evaluation.machine import Watch, own_seconds, processor_name

BUSY = [sys.executable, "-c", "while True: pass"]


def test_the_work_of_others_is_seen():
    # Catches: a table of times from a machine that did other things.
    watch = Watch()
    # A child counts as this process only when it has ended.
    with subprocess.Popen(BUSY) as other:
        time.sleep(2)
        assert watch.others() > 0.2
        with pytest.raises(SystemExit, match=r"kept [\d.]+ cores busy"):
            watch.refuse_others()
        watch.refuse_others(most=100)
        other.kill()


def test_own_work_is_none_of_others():
    # Catches: times refused because they were measured; those of children, in which benchmarks run.
    watch, start, own = Watch(), time.perf_counter(), own_seconds()
    # Several, for their share of a machine that is busy with other things.
    children = [subprocess.Popen(BUSY) for _ in range(4)]
    while time.perf_counter() < start + 2:
        pass
    for child in children:
        child.kill()
        child.wait()
    share = (own_seconds() - own) / (time.perf_counter() - start)
    assert share > 0.3
    # Whatever else the machine does, there are no more cores than it has.
    assert watch.others() < (os.cpu_count() or 1) - share + 0.2


def test_the_processor_has_a_name():
    # Catches: times of which nobody can tell what they were measured on.
    assert processor_name()
