import threading
from collections.abc import Mapping
from pathlib import Path

from latentsweep.errors import StorageError
from latentsweep.tracking.journal import read_journal
from latentsweep.tracking.journal_recorder import JournalRecorder
from latentsweep.tracking.records import Metrics
from latentsweep.tracking.system_metrics import SystemMetrics, machine_sample

CLOCK = "system/cpu_utilization_percentage"


def steps_of(run_dir: Path) -> list[int]:
    records = read_journal(run_dir / "journal.jsonl")
    return [record.step for record, _ in records if isinstance(record, Metrics)]


def test_a_sample_is_within_what_the_machine_has(tmp_path: Path) -> None:
    sample = machine_sample(tmp_path)
    for name, value in sample.items():
        assert value >= 0, name
        assert not name.endswith("percentage") or value <= 100, name
    process = sample["system/process_memory_usage_megabytes"]
    assert 5 < process < sample["system/system_memory_usage_megabytes"] + 1000


def test_the_step_goes_on_after_a_resume(tmp_path: Path) -> None:
    for sampled in ([0], [0, 1]):
        recorder = JournalRecorder(tmp_path)
        sampler = SystemMetrics(recorder, 3600.0, tmp_path)
        sampler.start()
        sampler.stop()
        recorder.close()
        assert steps_of(tmp_path) == sampled


class Counting(JournalRecorder):
    """Tells when three samples are in."""

    def __init__(self, run_dir: Path) -> None:
        super().__init__(run_dir)
        self.three = threading.Event()

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        super().metrics(values, step)
        if step == 2:
            self.three.set()


def test_samples_come_by_themselves(tmp_path: Path) -> None:
    recorder = Counting(tmp_path)
    sampler = SystemMetrics(recorder, 0.01, tmp_path)
    sampler.start()
    assert recorder.three.wait(20)
    sampler.stop()
    assert steps_of(tmp_path)[:3] == [0, 1, 2]
    assert recorder.next_step(CLOCK) == len(steps_of(tmp_path))


class Full(JournalRecorder):
    """A recorder on a full disk."""

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        raise StorageError("cannot write")


def test_a_full_disk_ends_the_sampling_quietly(tmp_path: Path) -> None:
    sampler = SystemMetrics(Full(tmp_path), 0.01, tmp_path)
    sampler.start()
    sampler.stop()
