"""Schema of `conf/train.yaml`: one training run."""

from latentsweep.config.component import Name, PositiveInt, Seed, Text, component
from latentsweep.config.data import DataConfig
from latentsweep.config.kl_schedule import KLScheduleConfig
from latentsweep.config.likelihood import LikelihoodConfig
from latentsweep.config.model import ModelConfig
from latentsweep.config.network import NetworkConfig
from latentsweep.config.optimizer import OptimizerConfig
from latentsweep.config.tracking import TrackingConfig
from latentsweep.config.trainer import TrainerConfig


@component
class TrainConfig:
    """Everything that decides a training run."""

    seed: Seed
    """Seed of all randomness: weights, validation split, batch order, noise."""
    batch_size: PositiveInt
    """Images of one optimiser step, over all devices."""
    resume: Name
    """auto: go on with the unfinished run of this very config, if there is one; never: start
    anew; otherwise the checkpoint or run directory to go on from."""
    output_dir: Text
    """Directory that holds the runs' directories."""
    model: ModelConfig
    """Which autoencoder."""
    network: NetworkConfig
    """Its encoder and decoder."""
    likelihood: LikelihoodConfig
    """p(x|z)."""
    kl_schedule: KLScheduleConfig
    """How the KL weight moves."""
    data: DataConfig
    """Which images."""
    optimizer: OptimizerConfig
    """How the parameters move."""
    trainer: TrainerConfig
    """The training loop."""
    tracking: TrackingConfig
    """Where the record goes."""
