"""Claims that need no computation."""

from pathlib import Path

from latentsweep.verification.claim import Claim, Found, Tolerance, within


def claim(
    got: float,
    *,
    name: str = "ten",
    expected: float | None = 10.0,
    tolerance: Tolerance = within(1.0),  # noqa: B008 - it cannot be changed
    standard_error: float | None = None,
    note: str = "",
) -> Claim:
    def measure(_: Path) -> Found:
        return Found(got, standard_error=standard_error, note=note)

    return Claim(
        name=name,
        family="Made up",
        claim=f"{name} | is ten",
        source="nobody, eq. [1]",
        expected=expected,
        tolerance=tolerance,
        measure=measure,
    )
