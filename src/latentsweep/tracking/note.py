"""What is put on the record of a run that has ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Note:
    """What is put on record.

    Attributes:
        tags: by name.
        texts: content of text files by their names in MLflow; they are written behind all else, in
            their order, so that the last one can tell that the others are there.
        metrics: by name; they get the step after the last one that they have.
        files: other files by their names in MLflow.
    """

    tags: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)
