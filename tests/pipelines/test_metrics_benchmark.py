from collections.abc import Callable
from pathlib import Path
from types import ModuleType


def test_each_metric_is_timed_beside_its_limit(
    benchmark: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    (table,) = benchmark("metrics").measure(tmp_path, quick=True)
    names, seconds, limits = (list(column.cells) for column in table.columns)
    assert {"mig", "dci", "sap", "modularity", "explicitness"} < set(names)
    assert all(float(taken) >= 0 for taken in seconds)  # whether it is below is the benchmark's
    assert {float(limit) for limit in limits} == {10.0, 60.0}
