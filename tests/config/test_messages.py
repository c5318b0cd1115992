"""What a mistake on the command line is answered with."""

import pytest

from latentsweep.config.checks import check
from latentsweep.config.compose import compose
from latentsweep.config.data import DataDescription
from latentsweep.config.project import CONFIG_DIRECTORY
from latentsweep.errors import ConfigError

from .conftest import Configure

COUPLED = ("beta_tcvae", "factor_vae", "dip_vae_i", "dip_vae_ii", "info_vae")
FASHION = DataDescription(shape=(1, 28, 28), training_images=54_000)


def message_of(configure: Configure, *overrides: str) -> str:
    with pytest.raises(ConfigError) as caught:
        check(configure(*overrides), FASHION)
    return str(caught.value)


@pytest.mark.parametrize(
    ("typo", "meant"),
    [
        ("model.latent_sise=3", "model.latent_size"),
        ("latent_size=3", "model.latent_size"),
        ("modle=vae", "model"),
        ("+sed=1", "seed"),
        ("trainer.max_epoch=3", "trainer.max_epochs"),
        ("data.val_fractoin=0.2", "data.val_fraction"),
        ("model=vea", "vae"),
        ("data=fashion", "fashion_mnist"),
    ],
)
def test_typo_names_the_nearest_valid_name(configure: Configure, typo: str, meant: str) -> None:
    mend = message_of(configure, typo).splitlines()[-1]
    assert "did you mean" in mend
    assert meant in mend.replace("?", " ").split()


def test_unknown_choice_lists_the_valid_ones(configure: Configure) -> None:
    text = message_of(configure, "likelihood=poisson")
    assert "bernoulli, continuous_bernoulli, gaussian, laplace" in text


def test_key_of_another_choice_lists_the_keys_of_this_one(configure: Configure) -> None:
    text = message_of(configure, "model=ae", "model.beta=4")
    assert "unknown key model.beta" in text
    assert "model.latent_size" in text


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        (["model=vae", "model.beta=2"], "model=beta_vae model.beta=2"),
        (["model=ae", "kl_schedule=warmup"], "no KL term"),
        (["model=vae", "kl_schedule=capacity"], "model=beta_vae"),
        (["kl_schedule=capacity", "model.free_bits=1"], "model.free_bits=0"),
        (["model=iwae", "kl_schedule=warmup"], "model=iwae kl_schedule=warmup"),
        (["model=iwae", "kl_schedule=capacity"], "no KL term to schedule"),
        *(
            (
                [f"model={name}", "trainer.accumulate_grad_batches=2"],
                f"model={name} needs the whole",
            )
            for name in COUPLED
        ),
        *(([f"model={name}", "kl_schedule=capacity"], "model=beta_vae") for name in COUPLED),
        (["model=factor_vae", "model.beta=2"], "model.gamma"),
        (["model=info_vae", "model.alpha=1.5"], "less than or equal to 1"),
        (["model=iwae", "model.importance_samples=0"], "greater than or equal to 1"),
        (["model=dip_vae_i", "model.free_bits=1"], "unknown key model.free_bits"),
        (["model.latent_size=785"], "at most 784"),
        (["network=conv", "network.channels=[32,32,64]"], "28x28"),
        (["batch_size=54001"], "at most 54000"),
        (["trainer=cpu", "trainer.precision=16-mixed"], "bf16-mixed"),
        (["tracking=server"], "tracking.uri"),
        (["tracking.uri=http://me:secret@host:5000"], "MLFLOW_TRACKING_PASSWORD"),
        (["tracking.uri=postgresql://me:sec/ret@host/db"], "PGPASSWORD"),
        (["tracking.uri=http://me:5/cret@host:5000"], "MLFLOW_TRACKING_PASSWORD"),
        (["tracking.uri=http://token@host:5000"], "MLFLOW_TRACKING_TOKEN"),
        (["tracking.uri='postgresql://host/db?password=x'"], "PGPASSWORD"),
        (["data=arrays"], "data.path="),
        (["batch_size"], "KEY=VALUE"),
        (["model.latent_size=[1"], "cannot read the override"),
    ],
)
def test_impossible_combination_is_refused_with_its_mend(
    configure: Configure, overrides: list[str], says: str
) -> None:
    assert says in message_of(configure, *overrides)


@pytest.mark.parametrize(
    ("name", "named", "others"),
    [
        ("evaluate", {"importance_samples", "seed"}, {"model", "experiment", "sampler"}),
        ("train", {"model", "experiment", "seed"}, {"sampler", "importance_samples"}),
        ("sweep", {"model", "experiment", "sampler", "sweep"}, {"importance_samples"}),
    ],
)
def test_an_unknown_key_is_answered_with_those_of_the_command(
    name: str, named: set[str], others: set[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        compose(CONFIG_DIRECTORY, name, ["nosuch=1"])
    expected = set(caught.value.expected.removeprefix("one of ").split(", "))
    assert named <= expected
    assert not others & expected


@pytest.mark.parametrize("name", COUPLED)
@pytest.mark.parametrize("schedule", ["constant", "warmup", "cyclic"])
def test_schedules_that_weigh_a_regulariser_take_any_model_that_has_one(
    configure: Configure, name: str, schedule: str
) -> None:
    check(configure(f"model={name}", f"kl_schedule={schedule}"), FASHION)


def test_bound_of_several_samples_may_be_computed_in_parts(configure: Configure) -> None:
    check(configure("model=iwae", "trainer.accumulate_grad_batches=2"), FASHION)


def test_password_in_an_address_is_not_repeated(configure: Configure) -> None:
    assert "secret" not in message_of(configure, "tracking.uri=http://me:secret@host:5000")


@pytest.mark.parametrize("likelihood", ["bernoulli", "continuous_bernoulli"])
def test_unit_likelihood_refuses_data_outside_unit_interval(
    configure: Configure, likelihood: str
) -> None:
    config = configure(f"likelihood={likelihood}")
    wide = DataDescription(shape=(1, 28, 28), training_images=100, low=-1.0, high=2.0)
    with pytest.raises(ConfigError, match=r"from -1 to 2"):
        check(config, wide)


def test_largest_latent_space_and_batch_that_fit_are_accepted(configure: Configure) -> None:
    check(configure("model.latent_size=784", "batch_size=54000"), FASHION)


def test_several_mistakes_are_all_named(configure: Configure) -> None:
    text = message_of(configure, "batch_size=0", "model.latent_size=0")
    assert "batch_size is wrong" in text
    assert "model.latent_size is wrong" in text


@pytest.mark.parametrize(
    "override",
    [
        "model=null",
        "seed=${oc.env:NO_SUCH_VARIABLE}",
        "seed=${seed}",
        "seed=${nothing}",
        "trainer.threads=9999999999999",
        "model.free_bits=1e300",
        "network.hidden_sizes=[9223372036854775807]",
        "tracking.experiment=''",
    ],
)
def test_absurd_value_is_a_message_too(configure: Configure, override: str) -> None:
    assert message_of(configure, override)


def test_wrong_item_of_a_list_is_named_once(configure: Configure) -> None:
    text = message_of(configure, "network.hidden_sizes=[0]")
    assert "network.hidden_sizes.0" in text
    assert "at least 1 item" not in text
