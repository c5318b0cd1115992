"""For all tests: signals as a terminal gives them, and what takes long first."""

import signal
from pathlib import Path

import pytest

# Those that start servers and clusters, then those that train: a worker that came to one of their
# files last would keep everybody waiting.
_LONG_FIRST = ("integration", "rerun", "sweep", "training", "comparison", "tracking", "pipelines")

# Whoever runs the tests may have these ignored, as nohup and a shell's background do, and programs
# that tests start would inherit that.
_USUAL = {signal.SIGINT: signal.default_int_handler, signal.SIGHUP: signal.SIG_DFL}
for _number, _handler in _USUAL.items():
    if signal.getsignal(_number) == signal.SIG_IGN:
        signal.signal(_number, _handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the directories; within each of them all stays as it was."""
    rank = {name: number for number, name in enumerate(_LONG_FIRST)}
    here = Path(__file__).parent
    items.sort(key=lambda item: rank.get(item.path.relative_to(here).parts[0], len(rank)))
