"""The digest changes with what decides the numbers, and with nothing else."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latentsweep.config.digest import digest, resolved
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
