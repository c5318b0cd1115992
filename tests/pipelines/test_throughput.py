"""How training is timed: by the journal of the real pipeline, and in a bare loop."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import torch

from latentsweep.config.compose import compose
from latentsweep.config.project import CONFIG_DIRECTORY
from latentsweep.config.typed import typed
from latentsweep.tracking.recorder import RunStatus
from latentsweep.tracking.records import Metrics, Status, to_line


@pytest.fixture
def recorded(benchmark: Callable[[str], ModuleType], tmp_path: Path) -> object:
    """A run of two epochs, 10 ms a step, a second of validation after each; it ends at 5 s."""
    (tmp_path / "runs" / "one").mkdir(parents=True)
    records: list[Metrics | Status] = []
    for epoch, began in enumerate((1000, 2200)):
        records += [
            Metrics(began + 100 * ten, 20 * epoch + 10 * ten, {"train/loss": 1.0, "epoch": epoch})
            for ten in (1, 2)
        ]
        values = {"val/loss": 2.0 - epoch, "epoch": epoch}
        records.append(Metrics(began + 900, 20 * (epoch + 1), values))
    records.append(Status(5000, RunStatus.FINISHED))
    journal = tmp_path / "runs" / "one" / "journal.jsonl"
    journal.write_bytes(b"".join(map(to_line, records)))
    return benchmark("pipeline_run").Run(tmp_path / "runs", started=0.5)


def test_validation_is_no_part_of_a_steps_seconds(recorded: object) -> None:
    assert recorded.seconds_per_step(0) == pytest.approx(0.01)  # type: ignore[attr-defined]


def test_time_to_the_first_step_counts_from_the_command(recorded: object) -> None:
    assert recorded.seconds_to_first_step() == pytest.approx(0.6)  # type: ignore[attr-defined]


def test_last_value_of_a_metric_is_found(recorded: object) -> None:
    assert recorded.last("val/loss") == 1.0  # type: ignore[attr-defined]


def test_what_is_outside_of_steps_is_all_the_rest(recorded: object) -> None:
    # From step 10 at 1.1 s to the end at 5 s, with 30 steps.
    share = recorded.share_outside_of_steps(0)  # type: ignore[attr-defined]
    assert share == pytest.approx(1 - 0.3 / 3.9)


def test_no_step_to_time_is_said(benchmark: Callable[[str], ModuleType], recorded: object) -> None:
    with pytest.raises(benchmark("terminal").CommandError, match="no training step"):
        recorded.seconds_per_step(35)  # type: ignore[attr-defined]


def test_bare_loop_trains_the_network_of_a_config(benchmark: Callable[[str], ModuleType]) -> None:
    overrides = ["network=conv", "batch_size=4", "trainer=cpu"]
    config = typed(compose(CONFIG_DIRECTORY, "train", overrides))
    seconds = benchmark("bare_loop").seconds_per_step(
        config, torch.rand(9, 1, 16, 16), torch.device("cpu"), warm_up=1, steps=3
    )
    assert 0 < seconds < 30


def test_a_command_believes_itself_in_a_terminal(
    benchmark: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    script = "import os, pathlib; pathlib.Path('size').write_text(str(os.get_terminal_size(1)))"
    with benchmark("terminal").Command([sys.executable, "-c", script], tmp_path) as command:
        command.wait()
    assert "columns=80" in (tmp_path / "size").read_text()


def test_a_command_that_fails_says_what_it_said_last(
    benchmark: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    terminal = benchmark("terminal")
    script = "print('first'); print('the disk is full'); raise SystemExit(3)"
    command = terminal.Command([sys.executable, "-c", script], tmp_path)
    with command, pytest.raises(terminal.CommandError, match=r"(?s)code 3.*the disk is full"):
        command.wait()
    command.wait(3)


def test_a_command_keeps_to_its_cores(
    benchmark: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    script = "import os; open('cores', 'w').write(str(sorted(os.sched_getaffinity(0))))"
    core = min(os.sched_getaffinity(0))
    words = [sys.executable, "-c", script]
    with benchmark("terminal").Command(words, tmp_path, cores={core}) as command:
        command.wait()
    assert json.loads((tmp_path / "cores").read_text()) == [core]


def test_peak_memory_counts_what_a_child_holds(
    benchmark: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    child = "held = bytearray(b'x') * 200_000_000; open('up', 'w'); input()"
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    process = subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path, stdin=subprocess.PIPE)
    try:
        with benchmark("peak_memory").PeakMemory(process.pid) as memory:
            benchmark("mlflow_server").wait_until(
                lambda: memory.peak.gigabytes > 0.2, 60, "the child's memory is counted"
            )
    finally:
        process.communicate(b"\n")
    assert memory.peak.gigabytes <= memory.peak.resident < 0.4
    assert len(memory.peak.parts) == 2


def test_option_is_held_against_the_run_of_the_same_seed(
    benchmark: Callable[[str], ModuleType],
) -> None:
    seconds = {"plain": [2.0, 4.0], "clip": [1.0, 1.0]}
    elbo = {"plain": [-250.0, -252.0], "clip": [-251.0, -250.0]}
    *_, speed, gained = benchmark("options")._figures("mlp", seconds, elbo)
    assert (speed.repeats, gained.repeats) == ((2.0, 4.0), (-1.0, 2.0))


def test_no_gpu_is_no_fault(
    benchmark: Callable[[str], ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    (result,) = benchmark("gpu").measure(tmp_path, quick=True)
    assert (result.part, result.reason) == ("gpu", "no GPU here")


def test_one_core_is_no_fault_of_ranks(
    benchmark: Callable[[str], ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    (result,) = benchmark("ranks").measure(tmp_path, quick=True)
    assert result.part == "ranks"


def test_images_per_second_are_compared_within_a_turn(
    benchmark: Callable[[str], ModuleType],
) -> None:
    throughput = benchmark("throughput")
    names = ("pipeline, same settings", "bare loop", "pipeline", "pythae", throughput._SPINNING)
    # The machine was half as fast in the second turn.
    seconds = {
        name: [step, 2 * step] for name, step in zip(names, (5.0, 4.0, 2.5, 10.0, 3.0), strict=True)
    }
    figures = throughput._figures("conv 64x64", seconds, (10.0, 12.0))
    ratios = [(each.median, each.met) for each in figures if each.unit == ""]
    assert ratios == [(0.8, False), (1.6, True), (4.0, True), (0.6, None)]


def test_only_the_bare_loop_gets_the_pipelines_openmp_settings(
    benchmark: Callable[[str], ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    throughput = benchmark("throughput")
    told: list[tuple[bool, dict[str, str]]] = []

    def side(_: object, environment: dict[str, str], *, pythae: bool) -> float:
        told.append((pythae, environment))
        return 1.0

    def pipeline(overrides: list[str], _: Path) -> SimpleNamespace:
        precisions.append([word for word in overrides if word.startswith("trainer.precision")])
        return SimpleNamespace(seconds_per_step=lambda _: 0.5, share_outside_of_steps=lambda _: 0.1)

    precisions: list[list[str]] = []
    monkeypatch.setattr(throughput, "other_side", side)
    monkeypatch.setattr(throughput, "run", pipeline)
    monkeypatch.setattr(throughput, "_settings", lambda *_: {})
    sides = ["pipeline, same settings", "bare loop", "pipeline", "pythae"]
    sides.append("bare loop as OpenMP comes")
    figures = throughput.measure_case(
        throughput._CONV, tmp_path / "images.npy", [], tmp_path, 1, sides
    )
    assert told == [(False, {"GOMP_SPINCOUNT": "1000"}), (True, {}), (False, {})]
    assert precisions == [["trainer.precision=32-true"], []]
    named = {figure.name: figure.median for figure in figures.figures}
    assert named["conv 64x64: pipeline against pythae"] == pytest.approx(2)


def test_a_command_has_ended_when_all_that_it_started_has(
    benchmark: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    terminal = benchmark("terminal")
    # The child leaves the parent's group and terminal, as the synchroniser does.
    late = "import pathlib, time; time.sleep(1); pathlib.Path('late').touch()"
    parent = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', sys.argv[1]],"
    parent += " stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, process_group=0)"
    with terminal.Command([sys.executable, "-c", parent, late], tmp_path) as command:
        command.wait()
    assert (tmp_path / "late").exists()


def test_what_goes_on_after_a_command_is_told(
    benchmark: Callable[[str], ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = benchmark("terminal")
    monkeypatch.setattr(terminal, "_SECONDS_FOR_THE_REST", 0.0)
    parent = "import subprocess; print(subprocess.Popen(['sleep', '5'], process_group=0).pid)"
    with (
        terminal.Command([sys.executable, "-c", parent], tmp_path) as command,
        pytest.raises(terminal.CommandError, match="has not ended"),
    ):
        command.wait()
