"""What may change a run's numbers, as single facts that two runs can be compared by."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from enum import Enum
from typing import Any

from latentsweep.config.digest import identity_of
from latentsweep.config.earlier import migrated
from latentsweep.tracking.packages import needed, normal, public

_PACKAGE, _VARIABLE, CONFIG = "package ", "variable ", "config "
_KNOWS_VARIABLES = "variables"  # which a record of an earlier version does not
# What a config may leave open to what was measured for its device.
NUMERICS = ("precision", "channels_last")


class Effect(Enum):
    """What a difference in a fact does."""

    NUMBERS = "may change every number"
    DIGITS = "may change the last digits"
    NOTHING = "says only where it is from"


@dataclass(frozen=True)
class Difference:
    """A fact that is not the same on both sides.

    Attributes:
        name: of the fact.
        first: its value on one side, for people; empty: none.
        second: on the other.
        effect: what that does.
    """

    name: str
    first: str
    second: str
    effect: Effect

    @property
    def is_package(self) -> bool:
        """Whether it is one of packages."""
        return self.name.startswith(_PACKAGE)

    @property
    def is_variable(self) -> bool:
        """Whether it is one of environment variables."""
        return self.name.startswith(_VARIABLE)


# Names on record, names for people, effects.
_FACTS = (
    ("code", "code", Effect.NUMBERS),
    ("commit", "commit", Effect.NOTHING),
    ("diff", "uncommitted changes", Effect.NOTHING),
    ("lock", "requirements.lock", Effect.NOTHING),
    ("data", "data", Effect.NUMBERS),
    ("ranks", "ranks", Effect.DIGITS),
    ("threads", "threads", Effect.DIGITS),
    ("device", "device", Effect.DIGITS),
    ("gpu", "GPU", Effect.DIGITS),
    ("cpu", "processor", Effect.DIGITS),
    ("cpu_details", "kind of processor", Effect.DIGITS),
    ("cpu_capability", "vector instructions", Effect.DIGITS),
    ("torch_build", "build of PyTorch", Effect.DIGITS),
    ("python", "Python", Effect.DIGITS),
    ("os", "operating system", Effect.DIGITS),
)
CODE_FACTS = ("code", "commit", "uncommitted changes", "requirements.lock")
# Keys that only choose how the same is computed.
_WAYS = (
    "trainer.channels_last",
    "trainer.deterministic",
    "trainer.compile",
    "trainer.accumulate_grad_batches",
    "trainer.float32_matmul_precision",
)
_SHORT = 16  # characters of a digest that people compare
_DIGESTS = ("code", "commit", "diff", "lock", "data", "torch_build")


def facts(origin: Mapping[str, Any], values: Mapping[str, Any], diff: str) -> dict[str, str]:
    """The facts of a run by name; of what is not on record there is none.

    Args:
        origin: where its numbers came from, as its `provenance-N.json` says.
        values: its config, nested, of whatever version of the schema.
        diff: the uncommitted changes of its code.
    """
    found: dict[str, Any] = {name: origin.get(name) for name, _, _ in _FACTS}
    found["data"] = (origin.get("data") or {}).get("digest")
    found["diff"] = _digest(diff) if diff else "none"
    if "gpu" in origin and not origin["gpu"]:
        found["gpu"] = "none"
    known = {name: str(value) for name, value in found.items() if value not in (None, "")}
    known |= {_PACKAGE + normal(name): v for name, v in origin.get("packages", {}).items()}
    if "environment" in origin:
        known[_KNOWS_VARIABLES] = "yes"
        known |= {_VARIABLE + name: v for name, v in origin["environment"].items()}
    return known | {CONFIG + key: str(value) for key, value in _computed(origin, values).items()}


def differences(first: Mapping[str, str], second: Mapping[str, str]) -> list[Difference]:
    """The facts that differ, those that change most first; what one side does not tell is none."""
    found = [
        Difference(title, _shown(name, first[name]), _shown(name, second[name]), effect)
        for name, title, effect in _FACTS
        if name in first and name in second and first[name] != second[name]
    ]
    found += _unknown_code(first, second)
    found += _of_config(first, second)
    found += _of_packages(first, second)
    found += _of_variables(first, second)
    return sorted(found, key=lambda each: list(Effect).index(each.effect))


def told_reasons(reasons: Sequence[Difference]) -> str:
    """Differences that may be the reasons of something, in a line."""
    told = [f"{r.name} ({r.first or 'none'}, now {r.second or 'none'})" for r in reasons]
    return "; ".join(told)


def packages_of(known: Mapping[str, str]) -> dict[str, str]:
    """The versions of packages among facts, by normal name."""
    return {
        name.removeprefix(_PACKAGE): version
        for name, version in known.items()
        if name.startswith(_PACKAGE)
    }


def _computed(origin: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The keys that decide numbers, with what they left open as it was computed.

    Without where training is told to stop, which changes no number before that.
    """
    whole = deepcopy(migrated(values)[0])
    trainer = whole.get("trainer", {})
    trainer |= {name: v for name, v in (origin.get("numerics") or {}).items() if name in NUMERICS}
    trainer.pop("max_steps", None)
    return identity_of(whole)


def _unknown_code(first: Mapping[str, str], second: Mapping[str, str]) -> list[Difference]:
    """Other code, where a record of an earlier version has only its commit to tell by."""
    if "code" in first and "code" in second:
        return []
    told = [
        [_shown(name, side[name]) for name in ("commit", "diff") if name in side]
        for side in (first, second)
    ]
    if told[0] == told[1] or any(len(each) < 2 for each in told):
        return []
    mine, other = (f"{commit}, changes: {diff}" for commit, diff in told)
    return [Difference("code", mine, other, Effect.NUMBERS)]


def _of_config(first: Mapping[str, str], second: Mapping[str, str]) -> list[Difference]:
    names = sorted(name for name in first.keys() | second.keys() if name.startswith(CONFIG))
    return [
        Difference(
            name,
            first.get(name, ""),
            second.get(name, ""),
            Effect.DIGITS if name.removeprefix(CONFIG) in _WAYS else Effect.NUMBERS,
        )
        for name in names
        if first.get(name) != second.get(name)
    ]


def _of_packages(first: Mapping[str, str], second: Mapping[str, str]) -> list[Difference]:
    """Versions that differ of packages that training needs; others are tools, or a person's own."""
    mine, other = packages_of(first), packages_of(second)
    if not mine or not other:
        return []
    return [
        Difference(_PACKAGE + name, mine.get(name, ""), other.get(name, ""), Effect.NUMBERS)
        for name in sorted(needed("latentsweep") & (mine.keys() | other.keys()))
        if public(mine.get(name, "")) != public(other.get(name, ""))
    ]


def _of_variables(first: Mapping[str, str], second: Mapping[str, str]) -> list[Difference]:
    if not (_KNOWS_VARIABLES in first and _KNOWS_VARIABLES in second):
        return []
    names = {name for name in first.keys() | second.keys() if name.startswith(_VARIABLE)}
    return [
        Difference(name, first.get(name, ""), second.get(name, ""), Effect.DIGITS)
        for name in sorted(names)
        if first.get(name) != second.get(name)
    ]


def _shown(name: str, value: str) -> str:
    """A fact for people: of a digest, or a text of many lines, enough to tell it from another."""
    if name == "torch_build":
        return _digest(value)[:_SHORT]
    return value[:_SHORT] if name in _DIGESTS else value


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()
