"""Checks across groups: choices that are right alone and wrong together."""

import re
from collections.abc import Callable

from latentsweep.config.conv_sizes import conv_channels
from latentsweep.config.data import DataDescription
from latentsweep.config.kl_schedule import CapacityConfig, ConstantConfig
from latentsweep.config.likelihood import BernoulliConfig, ContinuousBernoulliConfig
from latentsweep.config.model import (
    AEConfig,
    BetaVAEConfig,
    CouplingConfig,
    IWAEConfig,
    VAEConfig,
)
from latentsweep.config.network import ConvConfig
from latentsweep.config.root import TrainConfig
from latentsweep.errors import ConfigError

# A user before a server's address, a password before a database's (it may hold a /), or either in a
# query.
_SECRET = re.compile(
    r"^https?://[^/\s]*@|(?<!sqlite)://[^\s@]*:\S*@|[?&][^=]*(pass|pwd|token|secret|key)[^=]*=",
    re.IGNORECASE,
)


def check(config: TrainConfig, data: DataDescription) -> None:
    """Refuse a config whose parts do not fit together, or do not fit the data.

    Raises:
        ConfigError: the first misfit found.
    """
    for one_check in _CHECKS:
        one_check(config, data)


def _vae_has_weight_one(config: TrainConfig, _: DataDescription) -> None:
    if isinstance(config.model, VAEConfig) and config.model.beta != 1:
        raise ConfigError(
            "a VAE's KL weight is 1",
            found=f"model=vae model.beta={config.model.beta:g}",
            expected="model.beta=1",
            mend=f"model=beta_vae model.beta={config.model.beta:g}",
        )


def _schedule_has_a_kl_to_move(config: TrainConfig, _: DataDescription) -> None:
    schedule = config.kl_schedule
    if isinstance(config.model, AEConfig) and not isinstance(schedule, ConstantConfig):
        raise ConfigError(
            "an autoencoder has no KL term to schedule",
            found=f"model=ae kl_schedule={schedule.name}",
            expected="kl_schedule=constant",
            mend="model=vae or model=beta_vae",
        )
    if isinstance(config.model, IWAEConfig) and not isinstance(schedule, ConstantConfig):
        raise ConfigError(
            "an importance-weighted bound has no KL term to schedule",
            found=f"model=iwae kl_schedule={schedule.name}",
            expected="kl_schedule=constant",
            mend="kl_schedule=constant, or model=vae or model=beta_vae",
        )
    if not isinstance(config.model, BetaVAEConfig) and isinstance(schedule, CapacityConfig):
        raise ConfigError(
            "a capacity schedule needs a KL weight of its own",
            found=f"model={config.model.name} kl_schedule=capacity",
            expected="model=beta_vae, whose model.beta is the schedule's gamma",
            mend="model=beta_vae model.beta=1000 kl_schedule=capacity",
        )


def _parts_of_a_batch(config: TrainConfig, _: DataDescription) -> None:
    parts = config.trainer.accumulate_grad_batches
    if parts > 1 and bends_the_mean(config):
        coupled = isinstance(config.model, CouplingConfig)
        raise ConfigError(
            f"the loss of model={config.model.name} needs the whole batch at once"
            if coupled
            else "free bits and a capacity schedule need the whole batch at once",
            found=f"trainer.accumulate_grad_batches={parts}",
            expected="trainer.accumulate_grad_batches=1",
            mend="more ranks, or a smaller batch_size",
        )
    if config.trainer.name != "ddp":  # whoever knows the number of ranks checks it
        check_share(config.batch_size, 1, parts)


def check_share(batch_size: int, ranks: int, parts: int = 1) -> None:
    """Refuse a global batch that cannot be divided evenly.

    Args:
        batch_size: the global batch.
        ranks: which share it.
        parts: in which each of them computes its share.

    Raises:
        ConfigError: it is such a one.
    """
    shares = ranks * parts
    if batch_size % shares:
        lower = batch_size // shares * shares
        near = [str(size) for size in (lower, lower + shares) if size]
        raise ConfigError(
            f"{ranks} ranks cannot share a batch evenly"
            if parts == 1
            else f"a batch has no {shares} even parts (ranks: {ranks}, of each: {parts})",
            found=f"batch_size={batch_size}, the global batch over all ranks",
            expected=f"a multiple of {shares}",
            mend=f"batch_size={' or '.join(near)}",
        )


def bends_the_mean(config: TrainConfig) -> bool:
    """Whether the loss is more than a mean over images: of half a batch it says something else.

    It bends the batch's mean KL, or couples the images by a penalty.
    """
    coupled = isinstance(config.model, CouplingConfig)
    return coupled or _free_bits(config) > 0 or isinstance(config.kl_schedule, CapacityConfig)


def _free_bits(config: TrainConfig) -> float:
    model = config.model
    return model.free_bits if isinstance(model, VAEConfig | BetaVAEConfig) else 0.0


def _capacity_or_free_bits(config: TrainConfig, _: DataDescription) -> None:
    free_bits = _free_bits(config)
    if free_bits and isinstance(config.kl_schedule, CapacityConfig):
        raise ConfigError(
            "free bits and a capacity schedule both set a target for the KL",
            found=f"model.free_bits={free_bits:g} kl_schedule=capacity",
            expected="one of the two",
            mend="model.free_bits=0",
        )


def _latents_fit_data(config: TrainConfig, data: DataDescription) -> None:
    if config.model.latent_size > data.pixels:
        shape = "x".join(str(size) for size in data.shape)
        raise ConfigError(
            "the latent space is larger than the data",
            found=f"model.latent_size={config.model.latent_size}",
            expected=f"at most {data.pixels}, the numbers in one image ({shape})",
            mend=f"model.latent_size={data.pixels} or less",
        )


def _likelihood_covers_data(config: TrainConfig, data: DataDescription) -> None:
    unit = isinstance(config.likelihood, BernoulliConfig | ContinuousBernoulliConfig)
    if unit and (data.low < 0 or data.high > 1):
        raise ConfigError(
            f"a {config.likelihood.name} likelihood needs data in [0, 1]",
            found=f"data={config.data.name} with values from {data.low:g} to {data.high:g}",
            expected="values from 0 to 1",
            mend="divide them by their greatest value; or likelihood=gaussian or laplace",
        )


def _convolutions_halve(config: TrainConfig, data: DataDescription) -> None:
    if isinstance(config.network, ConvConfig):
        conv_channels(config.network.channels, data.shape[1], data.shape[2])


def _batch_fits_data(config: TrainConfig, data: DataDescription) -> None:
    images = data.training_images
    if config.batch_size > images:
        raise ConfigError(
            "a batch is larger than the training set",
            found=f"batch_size={config.batch_size}",
            expected=f"at most {images}, the training images of data={config.data.name}",
            mend=f"batch_size={images} or less",
        )


def _tracking_has_an_address(config: TrainConfig, _: DataDescription) -> None:
    if config.tracking.name != "off" and not config.tracking.uri:
        raise ConfigError(
            "tracking.uri is empty",
            expected="the address of an MLflow store",
            mend="tracking=server tracking.uri=http://HOST:PORT, tracking=local or tracking=off",
        )


def _no_password_in_address(config: TrainConfig, _: DataDescription) -> None:
    if config.tracking.uri:
        refuse_password(config.tracking.uri, "tracking.uri")


def refuse_password(uri: str, key: str) -> None:
    """Refuse an address with a password in it, which would end up in the record.

    Args:
        uri: of a store.
        key: what the user knows it by.

    Raises:
        ConfigError: there is one in it.
    """
    if _SECRET.search(uri):
        raise ConfigError(
            f"{key} holds a password, which would end up in the record",
            found="credentials in the address",
            expected="an address without it",
            mend="in the environment: MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or "
            "MLFLOW_TRACKING_TOKEN; for PostgreSQL PGPASSWORD",
        )


def _precision_fits_device(config: TrainConfig, _: DataDescription) -> None:
    if config.trainer.name == "cpu" and config.trainer.precision == "16-mixed":
        raise ConfigError(
            "16-mixed precision needs a GPU",
            found="trainer=cpu trainer.precision=16-mixed",
            mend="trainer.precision=bf16-mixed",
        )


_CHECKS: tuple[Callable[[TrainConfig, DataDescription], None], ...] = (
    _vae_has_weight_one,
    _schedule_has_a_kl_to_move,
    _capacity_or_free_bits,
    _latents_fit_data,
    _likelihood_covers_data,
    _convolutions_halve,
    _batch_fits_data,
    _tracking_has_an_address,
    _no_password_in_address,
    _precision_fits_device,
    _parts_of_a_batch,
)
