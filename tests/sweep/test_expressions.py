"""Hydra's sweep expressions become Optuna's distributions, and nothing wrong passes."""

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Quote, QuotedString
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from latentsweep.errors import ConfigError
from latentsweep.sweep.expressions import read_parameter
from latentsweep.sweep.parameter import Parameter

from .search_spaces import GROUPS


def read(override: str) -> Parameter:
    key, _, expression = override.partition("=")
    return read_parameter(key, expression, GROUPS)


@pytest.mark.parametrize(
    ("override", "distribution"),
    [
        ("model.latent_size=range(2,32)", IntDistribution(2, 31)),
        ("model.latent_size=range(4)", IntDistribution(0, 3)),
        ("model.latent_size=range(2,33,10)", IntDistribution(2, 32, step=10)),
        ("model.latent_size=range(32,2,-10)", IntDistribution(12, 32, step=10)),
        ("model.latent_size=tag(log,range(2,64))", IntDistribution(2, 63, log=True)),
        ("model.latent_size=int(interval(2,64))", IntDistribution(2, 64)),
        ("model.latent_size=tag(int,interval(2,64))", IntDistribution(2, 64)),
        ("model.latent_size=tag(int,log,interval(2,64))", IntDistribution(2, 64, log=True)),
        ("model.latent_size=tag(log,int(interval(2,64)))", IntDistribution(2, 64, log=True)),
        ("model.latent_size=shuffle(range(2,5))", IntDistribution(2, 4)),
        ("model.beta=interval(0,4)", FloatDistribution(0, 4)),
        ("model.beta=tag(log,interval(0.1,32))", FloatDistribution(0.1, 32, log=True)),
        ("model.beta=range(0,1,0.1)", FloatDistribution(0, 0.9, step=0.1)),
        ("model.beta=range(1,8)", IntDistribution(1, 7)),
        ("model.beta=1,2,4.5", CategoricalDistribution([1, 2, 4.5])),
        ("model.beta=choice(4)", CategoricalDistribution([4])),
        ("network=conv,mlp", CategoricalDistribution(["conv", "mlp"])),
        ("network=glob(*)", CategoricalDistribution(["conv", "linear", "mlp"])),
        ("network=glob(*,exclude=l*)", CategoricalDistribution(["conv", "mlp"])),
        ("network.channels=null,[32,64]", CategoricalDistribution([None, "[32,64]"])),
    ],
)
def test_expression_means_what_hydra_says(override: str, distribution: BaseDistribution) -> None:
    assert read(override).distribution == distribution


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("model.latent_siz=range(2,32)", "did you mean model.latent_size?"),
        ("modle=choice(ae,vae)", "did you mean model?"),
        ("model=choice(ae,wae)", "ae, beta_tcvae, beta_vae"),
        ("network=choice(mlp,covn)", "did you mean conv?"),
        ("network=glob(x*)", "matches nothing"),
        ("network=range(1,3)", "a group, whose choices have names"),
        ("model.latent_size=glob(*)", "not a search space"),
        ("model.latent_size=16", "model.latent_size=choice(16)"),
        ("model.latent_size=range(32,32)", "model.latent_size=32, if one value is meant"),
        ("model.latent_size=range(32,2)", "is empty"),
        ("model.latent_size=range(2,32,0)", "is empty"),
        ("model.latent_size=interval(2,32)", "model.latent_size=int(interval(2,32)) or"),
        ("model.latent_size=tag(log,interval(2.5,32))", "tag(log,int(interval(3,32)))"),
        ("model.latent_size=tag(int,interval(2.5,32))", "tag(int,interval(3,32))"),
        ("model.latent_size=tag(log,range(2,32,2))", "tag(log,int(interval(2,30)))"),
        ("model.latent_size=range(2,32", "no viable alternative"),
        ("model.latent_size=interval(2)", "missing a required argument"),
        ("model.beta=interval(3,3)", "model.beta=3, if one value is meant"),
        ("model.beta=interval(4,1)", "model.beta=interval(1,4)"),
        ("model.beta=tag(log,interval(4,1))", "model.beta=tag(log,interval(1,4))"),
        ("model.beta=tag(log,interval(0,4))", "logarithmic scale has no 0"),
        ("model.beta=tag(log,interval(-1,4))", "logarithmic scale has no -1"),
        ("model.beta=interval(0,inf)", "finite"),
        ("model.beta=interval(nan,1)", "finite"),
        ("model.beta=tag(lgo,interval(1,4))", "did you mean log?"),
        ("model.beta=tag(log,choice(1,4))", "choices without a tag"),
        ("model.beta=choice(1,2,1)", "appears twice"),
        ("model.name=choice(ae,vae)", "search model=choice(...)"),
        ("hydra.job.num=range(1,3)", "how the sweep itself runs"),
        ("sweep.seed=range(1,3)", "how the sweep itself runs"),
        ("sampler=choice(tpe,gp)", "how the sweep itself runs"),
        ("experiment=choice(mnist_vae)", "sets many keys at once"),
        ("output_dir=choice(a,b)", "where or how a trial is run"),
        ("resume=choice(auto,never)", "where or how a trial is run"),
        ("tracking.uri=choice(a,b)", "where or how a trial is run"),
        ("tracking=choice(local,off)", "where or how a trial is run"),
        ("trainer=choice(cpu,gpu)", "where or how a trial is run"),
        ("trainer.threads=range(1,3)", "where or how a trial is run"),
        ("data.dir=choice(a,b)", "where or how a trial is run"),
    ],
)
def test_wrong_expression_is_told_with_its_mend(override: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(override)
    assert says in str(caught.value)


@given(
    start=st.integers(-50, 50),
    stop=st.integers(-50, 50),
    step=st.integers(-7, 7).filter(bool),
    divisor=st.sampled_from([1, 10, 8]),
)
def test_range_has_every_step_up_to_but_without_its_stop(
    start: int, stop: int, step: int, divisor: int
) -> None:
    numbers = [start, stop, step] if divisor == 1 else [n / divisor for n in (start, stop, step)]
    override = f"optimizer.learning_rate=range({','.join(map(repr, numbers))})"
    expected = sorted(number / divisor for number in range(start, stop, step))
    if not expected:
        with pytest.raises(ConfigError, match="is empty"):
            read(override)
        return
    parameter = read(override)
    assert [parameter.value(stored) for stored in parameter.values() or []] == expected
    assert len(expected) == parameter.size


@given(value=st.floats(1e-300, 1e300) | st.integers(2, 2**31).map(float))
def test_number_survives_its_override(value: float) -> None:
    parameter = read("model.beta=interval(0,1e301)")
    override = OverridesParser.create().parse_override(parameter.override(value))
    assert override.value() == value


ASCII = st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="$")
SCALARS = st.integers() | st.booleans() | st.none() | st.text(ASCII, max_size=8)


@given(st.lists(SCALARS, min_size=2, unique=True))
def test_choice_survives_its_override(values: list[int | bool | str | None]) -> None:
    def written(value: int | bool | str | None) -> str:
        if isinstance(value, str):
            return QuotedString(value, Quote.single).with_quotes()
        return "null" if value is None else str(value).lower()

    parameter = read(f"network.activation={','.join(map(written, values))}")
    assert [choice.value for choice in parameter.choices] == values
    for choice in parameter.choices:
        again = OverridesParser.create().parse_override(parameter.override(choice.stored))
        assert again.value() == choice.value


def test_fractional_steps_lose_the_error_of_their_sum() -> None:
    parameter = read("model.beta=range(0,1,0.1)")
    assert parameter.value(0.1 + 0.2) == 0.3
    assert parameter.override(0.1 + 0.2) == "model.beta=0.3"


def test_quoted_number_stays_a_text() -> None:
    parameter = read("network.activation=choice('4',relu)")
    assert [choice.value for choice in parameter.choices] == ["4", "relu"]
    assert parameter.override("4") == "network.activation='4'"
