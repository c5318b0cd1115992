"""Hydra's sweep expressions, read as parameters: `range`, `interval`, `choice`, `glob`, `tag`."""

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import (
    ChoiceSweep,
    Glob,
    IntervalSweep,
    Override,
    Quote,
    QuotedString,
    RangeSweep,
)
from hydra.errors import HydraException
from optuna.distributions import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from latentsweep.config.typed import did_you_mean, first_line
from latentsweep.errors import ConfigError
from latentsweep.sweep.keys import check_key, is_whole_number, unknown_choice
from latentsweep.sweep.parameter import Choice, Number, Parameter

_EXAMPLES = "such as range(2,32), tag(log,interval(0.1,32)), int(interval(2,64)) or choice(a,b)"
_TAGS = ("int", "log")


def read_parameter(key: str, expression: str, groups: Mapping[str, Sequence[str]]) -> Parameter:
    """The parameter that `key=expression` describes, in Hydra's grammar.

    Both ends of an interval are included, and the stop of a range is not. The tag `log` samples
    evenly on a logarithmic scale; the tag `int`, or the cast `int(interval(...))`, takes whole
    numbers only.

    Args:
        key: the dotted key, or the group.
        expression: what follows the equals sign.
        groups: the choices of each group of `conf/`.

    Raises:
        ConfigError: key or expression is wrong, or they do not fit each other.
    """
    check_key(key, groups)
    override = parse(f"{key}={expression}")
    sweep = override.value()
    if key in groups:
        return _of_group(key, override, groups[key])
    match sweep:
        case ChoiceSweep():
            _check_tags(key, expression, sweep.tags, ())
            return _of_choices(key, override)
        case RangeSweep():
            distribution = _of_range(key, expression, sweep)
        case IntervalSweep():
            distribution = _of_interval(key, expression, sweep)
        case _:
            raise ConfigError(
                f"{key}={expression} is not a search space",
                expected=f"a sweep of Hydra's, {_EXAMPLES}",
                mend=""
                if isinstance(sweep, Glob)
                else f"{key}=choice({expression}), or leave it "
                "out of sweep.search_space and give it as an override",
            )
    if isinstance(distribution, FloatDistribution) and is_whole_number(key):
        low, high = math.ceil(distribution.low), math.floor(distribution.high)
        raise ConfigError(
            f"{key} takes whole numbers, and {expression} has fractions",
            mend=f"{key}={_tagged(sweep, f'int(interval({low},{high}))')}"
            + ("" if distribution.log else f" or {key}=range({low},{high + 1})"),
        )
    return Parameter(key, distribution)


def parse(override: str) -> Override:
    """Hydra's reading of an override.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        return OverridesParser.create().parse_override(override)
    except HydraException as error:
        key, _, expression = override.partition("=")
        raise ConfigError(
            f"cannot read {key}={expression}",
            found=first_line(error),
            expected=f"a value, or a sweep of Hydra's, {_EXAMPLES}",
        ) from None


def _of_group(key: str, override: Override, choices: Sequence[str]) -> Parameter:
    sweep = override.value()
    if isinstance(sweep, Glob):
        names = sweep.filter(list(choices))
        if not names:
            raise ConfigError(
                f"{override.input_line} matches nothing", expected=f"some of {', '.join(choices)}"
            )
    elif isinstance(sweep, ChoiceSweep):
        names = [str(getattr(name, "text", name)) for name in sweep.list]
    else:
        raise ConfigError(
            f"{override.input_line} is not a search space",
            found=f"{key} is a group, whose choices have names",
            expected=f"{key}=choice(...) of {', '.join(choices)}, or {key}=glob(*)",
        )
    for name in names:
        if name not in choices:
            raise unknown_choice(key, name, choices)
    found = tuple(Choice(name, name, name) for name in dict.fromkeys(names))
    return Parameter(key, CategoricalDistribution([one.stored for one in found]), found, True)


def _of_choices(key: str, override: Override) -> Parameter:
    choices: list[Choice] = []
    for element, text in zip(
        override.sweep_iterator(), override.sweep_string_iterator(), strict=True
    ):
        value: Any = parse(f"{key}={text}").value()
        if isinstance(element, str) and value != element:
            # Functions drop the quotes of their arguments: '4' must not come back as 4.
            text = QuotedString(element, Quote.single).with_quotes()
            value = element
        stored = text if isinstance(value, list | dict) else value
        if any(choice.value == value for choice in choices):
            raise ConfigError(
                f"{override.input_line}: {text} appears twice", mend="name each choice once"
            )
        choices.append(Choice(stored, value, text))
    distribution = CategoricalDistribution([choice.stored for choice in choices])
    return Parameter(key, distribution, tuple(choices))


def _of_range(key: str, expression: str, sweep: RangeSweep) -> Number:
    _check_tags(key, expression, sweep.tags, _TAGS)
    start, stop, step = sweep.start, sweep.stop, sweep.step
    assert start is not None
    assert stop is not None
    _check_finite(key, expression, start, stop, step)
    if step == 0 or (stop - start) * step <= 0:
        raise ConfigError(
            f"{key}={expression} is empty",
            found=f"no number from {start:g} up to but without {stop:g} in steps of {step:g}",
            expected="a stop beyond the start",
            mend=f"{key}={start:g}, if one value is meant" if step and start == stop else "",
        )
    whole = all(isinstance(number, int) for number in (start, stop, step))
    if "int" in sweep.tags and not whole:
        raise ConfigError(f"{key}={expression}: whole numbers need whole bounds and step")
    # In decimals as they are written: in binary ones, range(1.1,0,-0.1) would go on to 2.8e-17.
    first, end, by = (Decimal(repr(number)) for number in (start, stop, step))
    last = first + (((end - first) / by).to_integral_value("ROUND_CEILING") - 1) * by
    low, high = min(first, last), max(first, last)
    log = "log" in sweep.tags
    if log and (not whole or abs(step) != 1):
        raise ConfigError(
            f"{key}={expression}: a logarithmic scale has no steps",
            mend=f"{key}=tag(log,int(interval({low},{high})))"
            if whole
            else f"{key}=tag(log,interval({float(low):g},{float(high):g}))",
        )
    if log:
        _check_positive(key, expression, float(low))
    if whole:
        return IntDistribution(int(low), int(high), step=int(abs(step)), log=log)
    return FloatDistribution(float(low), float(high), step=float(abs(step)))


def _of_interval(key: str, expression: str, sweep: IntervalSweep) -> Number:
    _check_tags(key, expression, sweep.tags, _TAGS)
    low, high = sweep.start, sweep.end
    assert low is not None
    assert high is not None
    _check_finite(key, expression, low, high)
    if low > high:
        swapped = _tagged(sweep, f"interval({high:g},{low:g})")
        raise ConfigError(
            f"{key}={expression} is reversed",
            found=f"it starts at {low:g} and ends at {high:g}",
            mend=f"{key}={swapped}",
        )
    if low == high:
        raise ConfigError(
            f"{key}={expression} is empty",
            found="it ends where it starts",
            mend=f"{key}={low:g}, if one value is meant",
        )
    log = "log" in sweep.tags
    if log:
        _check_positive(key, expression, low)
    if isinstance(low, int) and isinstance(high, int):
        return IntDistribution(low, high, log=log)
    if "int" not in sweep.tags:
        return FloatDistribution(low, high, log=log)
    if low != int(low) or high != int(high):
        raise ConfigError(
            f"{key}={expression}: whole numbers need whole bounds",
            found=f"{low:g} and {high:g}",
            mend=f"{key}={_tagged(sweep, f'interval({math.ceil(low)},{math.floor(high)})')}",
        )
    return IntDistribution(int(low), int(high), log=log)


def _tagged(sweep: object, text: str) -> str:
    """An expression with the tags of another."""
    tags = sorted(getattr(sweep, "tags", ()))
    return f"tag({','.join([*tags, text])})" if tags else text


def _check_tags(key: str, expression: str, tags: set[str], valid: Sequence[str]) -> None:
    for tag in sorted(tags - set(valid)):
        raise ConfigError(
            f"{key}={expression}: the tag {tag} means nothing here",
            expected=f"one of {', '.join(valid)}" if valid else "choices without a tag",
            mend=did_you_mean(tag, valid),
        )


def _check_finite(key: str, expression: str, *numbers: float) -> None:
    if not all(map(math.isfinite, numbers)):
        raise ConfigError(f"{key}={expression} has no finite bounds", expected="finite numbers")


def _check_positive(key: str, expression: str, low: float) -> None:
    if low <= 0:
        raise ConfigError(
            f"{key}={expression}: a logarithmic scale has no {low:g}",
            expected="a lower bound above 0",
            mend="a small lower bound such as 0.001, or the same without the tag log",
        )
