"""What the machine does while a run goes on, sampled beside it."""

import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from latentsweep.errors import StorageError

if TYPE_CHECKING:
    from latentsweep.tracking.journal_recorder import JournalRecorder

_CLOCK = "system/cpu_utilization_percentage"


class SystemMetrics:
    """Records CPU, memory, disk and GPU under MLflow's `system/` names from a thread.

    The step counts samples and goes on where the journal's last one was.

    Args:
        recorder: takes the samples.
        every_seconds: time between samples.
        run_dir: the directory whose disk is watched.
    """

    def __init__(self, recorder: "JournalRecorder", every_seconds: float, run_dir: Path) -> None:
        self._recorder = recorder
        self._every_seconds = every_seconds
        self._run_dir = run_dir
        self._first_step = self._step = recorder.next_step(_CLOCK)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="system-metrics", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, with one sample at least; that one alone takes time here."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        import psutil

        psutil.cpu_percent()  # the first reading has nothing to compare with
        try:
            while not self._ended.wait(self._every_seconds):
                self._sample()
            if self._step == self._first_step:
                self._sample()
        except StorageError:
            # The trainer meets the same full disk at its next record, and tells of it.
            return

    def _sample(self) -> None:
        self._recorder.metrics({**machine_sample(self._run_dir), **gpu_sample()}, self._step)
        self._step += 1


def machine_sample(directory: Path) -> dict[str, float]:
    """CPU (percent), memory of the system and of this process with its children, disk (MB).

    Args:
        directory: the directory whose disk is meant.
    """
    import psutil

    memory = psutil.virtual_memory()
    disk = psutil.disk_usage(str(directory))
    return {
        _CLOCK: psutil.cpu_percent(),
        "system/system_memory_usage_megabytes": memory.used / 1e6,
        "system/system_memory_usage_percentage": memory.percent,
        "system/process_memory_usage_megabytes": _tree_memory() / 1e6,
        "system/disk_usage_percentage": disk.percent,
        "system/disk_usage_megabytes": disk.used / 1e6,
        "system/disk_available_megabytes": disk.free / 1e6,
    }


def gpu_sample() -> dict[str, float]:
    """Memory (MB, percent) and utilisation (percent) of each GPU; empty where none is in use.

    A process that has not touched a GPU is left so: asking would take memory on it.
    """
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return {}
    sample: dict[str, float] = {}
    for index in range(torch.cuda.device_count()):
        free, total = torch.cuda.mem_get_info(index)
        sample[f"system/gpu_{index}_memory_usage_megabytes"] = (total - free) / 1e6
        sample[f"system/gpu_{index}_memory_usage_percentage"] = 100 * (1 - free / total)
        try:
            sample[f"system/gpu_{index}_utilization_percentage"] = torch.cuda.utilization(index)
        except (ModuleNotFoundError, RuntimeError):
            continue  # NVIDIA's management library is not there
    return sample


def _tree_memory() -> int:
    """Resident bytes of this process and its descendants."""
    import psutil

    process = psutil.Process()
    total = int(process.memory_info().rss)
    for child in process.children(recursive=True):
        try:
            total += int(child.memory_info().rss)
        except psutil.Error:
            continue  # it has just ended
    return total
