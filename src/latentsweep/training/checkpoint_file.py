"""Checkpoints as files: their names, and how one is read, without Lightning."""

import zipfile
from pathlib import Path
from typing import Any

import torch

from latentsweep.config.typed import first_line
from latentsweep.errors import CheckpointError

LAST = "last.ckpt"
BEST = "best.ckpt"
NONFINITE = "nonfinite.ckpt"
# The key of this project's own part of a Lightning checkpoint.
BELONGS_TO = "latentsweep"


def read_checkpoint(path: Path) -> dict[str, Any]:
    """A checkpoint's content, without running anything that is in it.

    PyTorch writes a CRC-32 of each part and does not look at it again; this does.

    Raises:
        CheckpointError: it is missing, torn, damaged, or none of this project's.
    """
    try:
        with zipfile.ZipFile(path) as parts:
            damaged = parts.testzip()
        if damaged:
            raise zipfile.BadZipFile(f"the checksum of its part {damaged} is wrong")
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(f"there is no checkpoint {path}") from None
    except Exception as error:
        raise CheckpointError(
            f"cannot read the checkpoint {path}",
            found=first_line(error)[:120],
            expected="a checkpoint that latentsweep wrote",
            mend=f"resume=PATH of another one (perhaps {BEST}), or resume=never",
        ) from None
    if not isinstance(content, dict) or BELONGS_TO not in content:
        raise CheckpointError(
            f"{path} is no checkpoint of latentsweep", mend="resume=PATH of one, or resume=never"
        )
    return content
