"""Where a run's numbers come from: all that may change them, for anyone to compare."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import torch

from latentsweep.config import TrainConfig
from latentsweep.config.digest import SCHEMA_VERSION, digest
from latentsweep.config.project import ROOT
from latentsweep.tracking.provenance import Provenance, provenance
from latentsweep.training.identity import this_code
from latentsweep.training.numerics import Numerics

# What of a process's environment changes how PyTorch and its libraries compute.
_NUMERIC = (
    *("OMP_", "KMP_", "MKL_", "DNNL_", "ONEDNN_", "OPENBLAS_", "BLIS_", "ATEN_", "NNPACK_"),
    *("CUBLAS", "CUDNN_", "NVIDIA_TF32", "TORCH_ALLOW_TF32", "TORCH_CUDNN", "TORCH_BLAS"),
    *("TORCHINDUCTOR_", "NCCL_ALGO", "NCCL_PROTO"),
)
_NOT_NUMERIC = ("TORCHINDUCTOR_CACHE_DIR",)


def run_origin(
    config: TrainConfig, numerics: Numerics, device: torch.device, ranks: int
) -> dict[str, Any]:
    """Where the numbers of a run that starts now come from, apart from its data.

    Args:
        config: of the run.
        numerics: how it computes.
        device: of this process.
        ranks: how many train it.

    Returns:
        Plain values by name; `diff` among them, the uncommitted changes.
    """
    code, lock = this_code()
    return {
        **_machine(torch.get_num_threads()),
        "code": code,
        "lock": lock,
        "config": {"digest": digest(config), "schema": SCHEMA_VERSION},
        "device": device.type,
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "deterministic": config.trainer.deterministic,
        "numerics": numerics.values(),
        "ranks": ranks,
        "environment": numeric_environment(_given_environment()),
    }


def numeric_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that change how numbers come out, sorted."""
    return {
        name: environment[name]
        for name in sorted(environment)
        if name.startswith(_NUMERIC) and not name.startswith(_NOT_NUMERIC)
    }


def environment_for_another() -> dict[str, str]:
    """This process's environment for one that it starts, without what libraries have added here."""
    given = _given_environment()
    added = numeric_environment(os.environ).keys() - given.keys()
    return {name: value for name, value in os.environ.items() if name not in added}


def _given_environment() -> dict[str, str]:
    """What this process was started with: libraries add variables of their own."""
    try:
        entries = Path("/proc/self/environ").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return dict(os.environ)
    return {name: value for name, _, value in (entry.partition("=") for entry in entries) if name}


@cache
def _machine(threads: int) -> Provenance:
    """Looked up once a process, since it takes git and 0.4 s."""
    return provenance(ROOT, torch_build=torch.__config__.show(), threads=threads)
