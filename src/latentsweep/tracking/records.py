"""The records of a journal and their lines: one JSON object a line, with the time it happened."""

import json
import math
from dataclasses import dataclass
from typing import Any

from latentsweep.tracking.recorder import RunStatus


@dataclass(frozen=True)
class Started:
    """The first record: which run this is. `time` is in ms since 1970, as in every record."""

    time: int
    run_uid: str


@dataclass(frozen=True)
class Metrics:
    """Numbers at one step."""

    time: int
    step: int
    values: dict[str, float]


@dataclass(frozen=True)
class Params:
    """Settings."""

    time: int
    values: dict[str, str]


@dataclass(frozen=True)
class Tags:
    """Labels."""

    time: int
    values: dict[str, str]


@dataclass(frozen=True)
class Image:
    """A picture of a series; `name` is its file in `images/`, without the suffix."""

    time: int
    key: str
    step: int
    name: str


@dataclass(frozen=True)
class File:
    """A file: `source` relative to the run directory, `artifact_path` with the file's name."""

    time: int
    source: str
    artifact_path: str


@dataclass(frozen=True)
class Dataset:
    """What the run learns from; see `Recorder.dataset`."""

    time: int
    name: str
    digest: str
    source: str
    profile: dict[str, Any]


@dataclass(frozen=True)
class Model:
    """An exported model: `directory` relative to the run directory."""

    time: int
    name: str
    directory: str


@dataclass(frozen=True)
class Status:
    """How the run stands from now on."""

    time: int
    status: RunStatus


Record = Started | Metrics | Params | Tags | Image | File | Dataset | Model | Status

_KINDS: dict[str, type[Any]] = {
    "started": Started,
    "metrics": Metrics,
    "params": Params,
    "tags": Tags,
    "image": Image,
    "file": File,
    "dataset": Dataset,
    "model": Model,
    "status": Status,
}
_LARGEST = 2**63 - 1  # that a database keeps
_NAMES = {kind: name for name, kind in _KINDS.items()}
# Made once: with these settings `json.dumps` would make one for every line.
_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def to_line(record: Record) -> bytes:
    """The record's line, newline included."""
    fields = {"kind": _NAMES[type(record)], **vars(record)}
    if isinstance(record, Metrics) and not all(map(math.isfinite, record.values.values())):
        # JSON knows no NaN or infinity; as text they survive any reader.
        fields["values"] = {
            name: value if math.isfinite(value) else repr(value)
            for name, value in record.values.items()
        }
    return _encode(fields).encode() + b"\n"


def from_line(line: bytes) -> Record:
    """The record of a line.

    Raises:
        ValueError: if the line is no record.
    """
    try:
        fields = json.loads(line)
        kind = _KINDS[fields.pop("kind")]
        if kind is Metrics:
            fields["values"] = {name: float(value) for name, value in fields["values"].items()}
        elif kind is Status:
            fields["status"] = RunStatus(fields["status"])
        record: Record = kind(**fields)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"no record: {line[:80]!r}") from error
    if not _is_sound(record):
        raise ValueError(f"no record: {line[:80]!r}")
    return record


def _is_sound(record: Record) -> bool:
    """Whether each field is of its type: at any other one MLflow would fail again and again."""
    fields = dict(vars(record))
    numbers = [fields.pop("time"), fields.pop("step", 0)]
    values = fields.pop("values", {})
    kind = float if isinstance(record, Metrics) else str
    return (
        all(type(each) is int and abs(each) <= _LARGEST for each in numbers)
        and isinstance(values, dict)
        and all(isinstance(each, kind) for each in values.values())
        and isinstance(fields.pop("profile", {}), dict)
        and all(isinstance(each, str) for each in fields.values())
    )
