"""Commands in processes of their own, several at a time."""

import os
import signal
import sys
import time
from pathlib import Path

from latentsweep.rerun.child import Command, run_command, run_commands


def python(code: str) -> Command:
    return Command([sys.executable, "-c", code], dict(os.environ))


def test_codes_are_those_of_a_shell() -> None:
    assert run_command(python("raise SystemExit(3)")) == 3
    assert run_command(python("import os; os.kill(os.getpid(), 9)")) == 128 + 9


def test_no_more_run_than_are_wanted_and_slots_are_free_ones(tmp_path: Path) -> None:
    code = (
        "import os, time, pathlib; slot = os.environ['SLOT']; here = pathlib.Path({place!r});"
        "held = here / slot; held.mkdir(); time.sleep(0.2); held.rmdir()"
    )
    commands = [python(code.format(place=str(tmp_path))) for _ in range(6)]
    ended = dict(run_commands(commands, 2, lambda slot: {"SLOT": str(slot)}))
    assert ended == dict.fromkeys(range(6), 0)  # a slot that was taken would have had its directory


def test_a_signal_is_handed_on_and_nothing_more_is_begun() -> None:
    waits = python("import time; time.sleep(60)")
    begun = time.monotonic()
    commands = run_commands([waits, waits, waits], 2)
    signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    signal.setitimer(signal.ITIMER_REAL, 1.0)
    assert dict(commands) == {0: 143, 1: 143, 2: 143}
    assert time.monotonic() - begun < 30


def test_commands_end_with_whoever_stops_to_listen(tmp_path: Path) -> None:
    mark = tmp_path / "ended"
    waits = python(
        "import pathlib, signal, sys, time\n"
        f"def stop(*_): pathlib.Path({str(mark)!r}).touch(); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, stop)\n"
        f"pathlib.Path({str(tmp_path / 'began')!r}).touch()\n"
        "time.sleep(60)"
    )
    quick = python(
        "import pathlib, time\n"
        f"while not pathlib.Path({str(tmp_path / 'began')!r}).exists(): time.sleep(0.01)\n"
        "raise SystemExit(1)"
    )
    for place, code in run_commands([waits, quick], 2):
        assert (place, code) == (1, 1)
        break
    assert mark.exists()
