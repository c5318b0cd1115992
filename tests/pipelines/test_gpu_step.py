"""What of a profile counts as a kernel and as a wait of the host."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import torch
from torch.profiler import ProfilerActivity

from latentsweep.config.project import ROOT

_CPU, _CUDA = torch.autograd.DeviceType.CPU, torch.autograd.DeviceType.CUDA


def _event(name: str, device: object, microseconds: float, annotation: bool) -> SimpleNamespace:
    return SimpleNamespace(
        name=name,
        device_type=device,
        time_range=SimpleNamespace(elapsed_us=lambda: microseconds),
        is_user_annotation=annotation,
    )


def test_annotation_over_kernels_is_no_kernel(benchmark: Callable[[str], ModuleType]) -> None:
    profiled = benchmark("gpu_step").StepProfile([ProfilerActivity.CPU])
    profiled._count(
        [
            _event("kernel", _CUDA, 800.0, annotation=False),
            _event("Optimizer.step#Adam.step", _CUDA, 900.0, annotation=True),
            _event("cudaStreamSynchronize", _CPU, 5.0, annotation=False),
            _event("cudaLaunchKernel", _CPU, 5.0, annotation=False),
        ]
    )
    assert profiled.kernel_seconds == pytest.approx(100e-6)  # of 8 steps
    assert profiled.synchronisations == pytest.approx(1 / 8)


def test_run_is_profiled_where_there_is_no_gpu_too(tmp_path: Path) -> None:
    words = ["data=digits", "batch_size=8", "trainer=cpu", "trainer.max_epochs=1", "tracking=off"]
    words += [f"output_dir={tmp_path}", "trainer.progress_bar=false"]
    command = [sys.executable, "-m", "benchmarks.gpu_step", *words]
    done = subprocess.run(command, cwd=ROOT / "pipelines", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {"kernel_seconds": 0, "synchronisations": 0}
