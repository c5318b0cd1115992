"""Variables of the Makefile, as options of the pipelines have them."""

from collections.abc import Sequence

from latentsweep.errors import ConfigError


def whole_number(variable: str, text: str) -> int:
    """The number of a variable.

    Raises:
        ConfigError: it is none from 1 on.
    """
    if not text.isdecimal() or int(text) < 1:
        raise ConfigError(
            f"{variable}={text}",
            expected="a whole number from 1",
            mend=f"{variable}=2, or leave it out",
        )
    return int(text)


def one_of(variable: str, text: str, valid: Sequence[str]) -> str:
    """The word of a variable.

    Raises:
        ConfigError: it is none of those that there are.
    """
    if text not in valid:
        raise ConfigError(
            f"{variable}={text}",
            expected=" or ".join(f"{variable}={each}" for each in valid),
            mend="one of these, or leave it out",
        )
    return text
