"""All claims, and those that a person names."""

from collections.abc import Sequence

from latentsweep.config.typed import did_you_mean
from latentsweep.verification.claim import Claim
from latentsweep.verification.errors import UnknownClaimError
from latentsweep.verification.rows import (
    disentanglement,
    likelihood,
    linear_vae,
    mistakes,
    published,
    short_runs,
)

_FAMILIES = (linear_vae, likelihood, disentanglement, mistakes, short_runs, published)


def all_claims() -> list[Claim]:
    """Every claim, a family after the other."""
    return [claim for family in _FAMILIES for claim in family.CLAIMS]


def named(claims: Sequence[Claim], name: str) -> list[Claim]:
    """The claim of a name; all of them where it is empty.

    Raises:
        UnknownClaimError: there is none.
    """
    chosen = [claim for claim in claims if name in ("", claim.name)]
    if not chosen:
        names = [claim.name for claim in claims]
        raise UnknownClaimError(
            f"ONLY={name}: there is no such row",
            expected=f"one of {', '.join(names)}",
            mend=did_you_mean(name, names),
        )
    return chosen
