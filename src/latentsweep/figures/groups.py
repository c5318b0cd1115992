"""Drawn things in their groups."""

from collections.abc import Iterable
from typing import Protocol, TypeVar


class Grouped(Protocol):
    """Something that belongs to a group, by name."""

    @property
    def group(self) -> str:
        """Its group's name, empty where there is but one."""


Member = TypeVar("Member", bound=Grouped)


def by_group(members: Iterable[Member]) -> dict[str, list[Member]]:
    """The members of each group, groups as they first come."""
    groups: dict[str, list[Member]] = {}
    for member in members:
        groups.setdefault(member.group, []).append(member)
    return groups
