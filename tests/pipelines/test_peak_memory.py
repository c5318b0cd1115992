"""Memory of a command and its children, sampled while it holds it."""

import subprocess
import sys
from collections.abc import Callable
from types import ModuleType

# A parent with a child that holds 200 MB and says so; both wait until their input ends.
_CHILD = "x = b'1' * 200_000_000; print('held', flush=True); input()"
_PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {_CHILD!r}])"


def test_memory_of_a_child_counts(benchmark: Callable[[str], ModuleType]) -> None:
    peak_memory = benchmark("peak_memory")
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", _PARENT], stdin=pipe, stdout=pipe) as process:
        assert process.stdout
        with peak_memory.PeakMemory(process.pid) as memory:
            assert process.stdout.readline() == b"held\n"
            found = memory.peak
            while found.gigabytes < 0.2:
                assert process.poll() is None
                found = memory.peak
        process.communicate(b"\n")
    assert 0.2 < found.gigabytes <= found.resident < 0.4
    assert len(found.parts) == 2
