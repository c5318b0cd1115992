"""The digest changes with what decides the numbers, and with nothing else."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latentsweep.config.digest import digest, digest_of, resolved
from latentsweep.config.earlier import SINCE, migrated
from latentsweep.config.typed import from_values

from .conftest import Configure


@pytest.mark.parametrize(
    "override",
    [
        "resume=never",
        "output_dir=elsewhere",
        "tracking=off",
        "tracking.every_n_steps=1",
        "trainer=cpu",
        "trainer.threads=1",
        "trainer.checkpoint_every_n_steps=5",
        "trainer.progress_bar=false",
        "data.dir=elsewhere",
    ],
)
def test_digest_ignores_where_and_how_a_run_is_watched(configure: Configure, override: str) -> None:
    assert digest(configure(override)) == digest(configure())


@pytest.mark.parametrize(
    "override",
    [
        "seed=1",
        "batch_size=64",
        "model.beta=4.5",
        "model.latent_size=11",
        "network.hidden_sizes=[400,400]",
        "likelihood=gaussian",
        "kl_schedule=warmup",
        "data=digits",
        "data.val_fraction=0.2",
        "optimizer.learning_rate=0.002",
        "trainer.max_epochs=11",
        "trainer.precision=64-true",
        "trainer.deterministic=false",
    ],
)
def test_digest_changes_with_what_decides_the_numbers(configure: Configure, override: str) -> None:
    assert digest(configure(override)) != digest(configure())


@settings(max_examples=20, deadline=None)
@given(order=st.randoms(use_true_random=False))
def test_digest_does_not_depend_on_the_order_of_keys(configure: Configure, order: Random) -> None:
    def shuffled(values: dict[str, object]) -> dict[str, object]:
        keys = list(values)
        order.shuffle(keys)
        return {
            key: shuffled(value) if isinstance(value := values[key], dict) else value
            for key in keys
        }

    config = configure()
    assert digest(from_values(shuffled(resolved(config)))) == digest(config)


def test_a_config_on_record_keeps_its_digest_when_a_key_comes_later(configure: Configure) -> None:
    values = resolved(configure())
    earlier = {
        **values,
        "trainer": {k: v for k, v in values["trainer"].items() if k != "max_steps"},
    }
    assert digest_of(earlier) == digest(configure())
    whole, added = migrated(earlier)
    assert added == ["trainer.max_steps"]
    assert whole == values
    assert digest(configure("trainer.max_steps=5")) != digest(configure())


def test_a_config_of_the_first_version_is_brought_up_to_date(configure: Configure) -> None:
    values = resolved(configure())
    for key in SINCE:
        group, _, name = key.partition(".")
        del values[group][name]
    config = from_values(migrated(values)[0])
    assert config.trainer.channels_last is False
    assert config.trainer.compile == "off"
    assert config.tracking.log_model is False
