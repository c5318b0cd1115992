"""The form of `provenance-N.json`, whose parts may be missing but not be of another type."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError


class _Data(BaseModel):
    model_config = ConfigDict(strict=True)
    digest: str = ""
    origin: str = ""


class _Origin(BaseModel):
    model_config = ConfigDict(strict=True)
    commit: str | None = None
    branch: str | None = None
    code: str = ""
    lock: str | None = None
    packages: dict[str, str] = {}
    python: str = ""
    os: str = ""
    cpu: str = ""
    gpu: str | None = None
    device: str = ""
    torch_build: str | None = None
    threads: int | None = None
    ranks: int = 1
    numerics: dict[str, Any] = {}
    environment: dict[str, str] = {}
    data: _Data = _Data()
    study: str | None = None
    trial: str | None = None
    resumed_from: str | None = None
    attempt: int = 1


def wrong_part(origin: Mapping[str, Any]) -> str:
    """The first part that is of a wrong type; empty where all are right."""
    try:
        _Origin.model_validate(dict(origin))
    except ValidationError as error:
        return ".".join(str(part) for part in error.errors()[0]["loc"])
    return ""
