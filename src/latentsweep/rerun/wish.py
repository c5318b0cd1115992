"""What a person asks of a rerun."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Source = Literal["recorded", "current"]
SOURCES: tuple[str, ...] = get_args(Source)


@dataclass(frozen=True)
class Wish:
    """What a person asks for.

    Attributes:
        code: whose; None: the recorded one where its commit is known.
        packages: in which versions; None: as `code`.
        steps: how many optimiser steps; None: as many as are on record.
        ranks: how many processes; None: as many as on record.
        changes: Hydra overrides of the recorded config.
    """

    code: Source | None = None
    packages: Source | None = None
    steps: int | None = None
    ranks: int | None = None
    changes: tuple[str, ...] = ()
