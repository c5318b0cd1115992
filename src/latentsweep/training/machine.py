"""On what a report was measured: ratios travel, but not from any machine to any other."""

import os
from typing import Any

import psutil

from latentsweep.config.project import ROOT
from latentsweep.tracking.provenance import provenance


def machine() -> dict[str, Any]:
    """Cores, processor, memory, GPU and versions."""
    import torch

    origin = provenance(ROOT)
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {
        "cores": len(os.sched_getaffinity(0)),
        "cpu": origin["cpu"],
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "gpu": gpu,
        "os": origin["os"],
        "python": origin["python"],
        "torch": torch.__version__,
    }


def commit() -> str | None:
    """The commit that was measured, with `-dirty` where there are changes to it."""
    origin = provenance(ROOT)
    return f"{origin['commit']}{'-dirty' if origin['dirty'] else ''}" if origin["commit"] else None
