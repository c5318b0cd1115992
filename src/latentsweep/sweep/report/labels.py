"""How metrics, parameters, numbers and times are written in a report."""

from math import isfinite

from optuna.distributions import CategoricalDistribution, IntDistribution

from latentsweep.sweep.report.snapshot import Objective, Parameter

LATENT_SIZE = "model.latent_size"
BETA = "model.beta"
RATE = "val/kl"
DISTORTION = "val/reconstruction"
ACTIVE_UNITS = "val/active_units"

_PARAMETERS = {LATENT_SIZE: "latent size", BETA: "KL weight"}
_METRICS = {
    "elbo": "ELBO",
    "kl": "KL",
    "reconstruction": "reconstruction",
    "active_units": "active units",
    "mig": "MIG",
    "loss": "loss",
}
_IN_NATS = ("elbo", "kl", "reconstruction", "loss")


def parameter_label(name: str) -> str:
    """A parameter by the field's word for it, else by its key."""
    return _PARAMETERS.get(name, name)


def metric_label(name: str) -> str:
    """A metric by the field's word for it, with its split unless that is the validation split."""
    split, _, metric = name.rpartition("/")
    label = _METRICS.get(metric, metric)
    return label if split in ("", "val") else f"{label}, {split} split"


def metric_unit(name: str) -> str:
    """The unit of a metric; nothing where it has none."""
    return "nats per image" if name.rpartition("/")[2] in _IN_NATS else ""


def axis_label(name: str) -> str:
    """A metric with its unit."""
    unit = metric_unit(name)
    return f"{metric_label(name)}, {unit}" if unit else metric_label(name)


def direction(objective: Objective) -> str:
    """Which way is better."""
    return "higher is better" if objective.maximize else "lower is better"


def number(value: object) -> str:
    """A parameter's value."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def metric_value(value: float | None) -> str:
    """A metric's value."""
    if value is None:
        return ""
    if not isfinite(value):
        return str(value)
    if value == round(value):
        return f"{value:.0f}"
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3f}"


def duration(seconds: float) -> str:
    """A time such as `4 min 12 s`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, whole = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {whole:02d} s" if minutes else f"{whole} s"


def searched(parameter: Parameter) -> str:
    """What is searched of a parameter, such as `latent size from 2 to 64 (log, whole numbers)`."""
    label, distribution = parameter_label(parameter.name), parameter.distribution
    if isinstance(distribution, CategoricalDistribution):
        return f"{label} among {', '.join(map(number, distribution.choices))}"
    low, high = parameter.interval
    kinds = ["log"] if parameter.is_log else []
    kinds += ["whole numbers"] if isinstance(distribution, IntDistribution) else []
    step = getattr(distribution, "step", None)
    if step is not None and step != 1:
        kinds += [f"in steps of {number(step)}"]
    how = f" ({', '.join(kinds)})" if kinds else ""
    return f"{label} from {number(low)} to {number(high)}{how}"
