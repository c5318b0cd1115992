"""Schema of `conf/tracking/`: where the record of a run goes."""

from typing import Literal

from latentsweep.config.component import (
    Name,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveInt,
    Switch,
    Text,
    component,
)


@component
class TrackingConfig:
    """The journal and the MLflow store that it is shipped to."""

    name: Literal["local", "server", "off"]
    """local: a store on this disk; server: an MLflow server; off: the journal alone."""
    uri: Text | None
    """Address of the MLflow store; null only with `tracking=off`."""
    experiment: Name
    """MLflow experiment that runs are filed under."""
    every_n_steps: PositiveInt
    """Optimiser steps between recorded training metrics."""
    images_every_n_epochs: NonNegativeInt
    """Epochs between recorded pictures; 0: none."""
    system_metrics_every_seconds: NonNegativeFloat
    """Seconds between samples of CPU, memory, disk and GPU; 0: none."""
    log_model: Switch
    """Whether the best model is exported at the end, and logged with the run."""
    wait_seconds: NonNegativeFloat
    """How long the end of a run waits for MLflow to hold the whole record."""
