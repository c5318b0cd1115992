"""The form of `provenance-N.json`, whose parts may be missing but not be of another type."""

from collections.abc import Mapping
from typing import Any, TypedDict

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config


class _Data(TypedDict, total=False):
    digest: str
    origin: str


@with_config(ConfigDict(strict=True))
class _Origin(TypedDict, total=False):
    commit: str | None
    branch: str | None
    code: str
    lock: str | None
    packages: dict[str, str]
    python: str
    os: str
    cpu: str
    gpu: str | None
    device: str
    torch_build: str | None
    threads: int | None
    ranks: int
    numerics: dict[str, Any]
    environment: dict[str, str]
    data: _Data
    study: str | None
    trial: str | None
    resumed_from: str | None
    attempt: int


_FORM = TypeAdapter(_Origin)


def wrong_part(origin: Mapping[str, Any]) -> str:
    """The first part that is of a wrong type; empty where all are right."""
    try:
        _FORM.validate_python(dict(origin))
    except ValidationError as error:
        return ".".join(str(part) for part in error.errors()[0]["loc"])
    return ""
