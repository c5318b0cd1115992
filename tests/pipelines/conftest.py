"""The benchmarks' modules, which lie beside the scripts."""

import importlib
import sys
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest

from latentsweep.config.project import ROOT


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], ModuleType]]:
    """Imports a module of `benchmarks` by its name."""
    monkeypatch.syspath_prepend(ROOT / "pipelines")
    yield lambda name: importlib.import_module(f"benchmarks.{name}")
    for name in [name for name in sys.modules if name.partition(".")[0] == "benchmarks"]:
        monkeypatch.delitem(sys.modules, name)
