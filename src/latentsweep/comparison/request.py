"""What is compared: models, seeds, and the configs that they have in common."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from latentsweep.config import TrainConfig
from latentsweep.config.checks import check
from latentsweep.config.compose import compose
from latentsweep.config.digest import digest
from latentsweep.config.project import CONFIG_DIRECTORY
from latentsweep.config.typed import typed
from latentsweep.data.describe import describe
from latentsweep.errors import ConfigError
from latentsweep.sweep.keys import choices_with
from latentsweep.tracking.uri import resolve_uri

MODELS = ("ae", "vae", "beta_vae")
# Set for each run here.
_OWN = {
    "model": "MODELS=",
    "seed": "N=",
    "output_dir": "nothing, since runs lie in comparisons/,",
    "resume": "nothing, since the same command goes on,",
}
_MOST_SEEDS = 1000


@dataclass(frozen=True)
class Request:
    """A comparison that was asked for.

    Attributes:
        configs: of the first seed, by the name of the model.
        seeds: each model is trained with all of them.
        overrides: of each model, which it is among them, as Hydra takes them.
        left_out: overrides that some model does not have, with that model's name.
    """

    configs: dict[str, TrainConfig]
    seeds: list[int]
    overrides: dict[str, list[str]]
    left_out: list[str]

    @property
    def models(self) -> list[str]:
        """Names of the models, in the order asked for; a beta-VAE of BETAS= is `beta 4`."""
        return list(self.configs)

    @property
    def first(self) -> TrainConfig:
        """A config that holds what all have in common."""
        return next(iter(self.configs.values()))

    @property
    def name(self) -> str:
        """Of the comparison: the same for the same request."""
        parts = [*map(digest, self.configs.values()), *map(str, self.seeds)]
        marked = hashlib.sha256(" ".join(parts).encode()).hexdigest()[:8]
        config = self.first
        named = "-".join(model.replace(" ", "") for model in self.models)
        return f"{config.data.name}-{named}-z{config.model.latent_size}-{marked}"

    def command_line(self, model: str, seed: int) -> list[str]:
        """Overrides of one run."""
        return [*self.overrides[model], f"seed={seed}"]


def read_request(
    models: Sequence[str], n: int, overrides: Sequence[str], betas: Sequence[str] = ()
) -> Request:
    """Compose and check the config of each model.

    Args:
        models: their names in `conf/model/`.
        n: how many seeds, from 0.
        overrides: for all of them; those of a key that a model does not have are left out there.
        betas: KL weights, each of which makes one more beta-VAE.

    Raises:
        ConfigError: a config does not compose or does not fit the data, or the request makes no
            comparison.
    """
    for text in overrides:
        key = text.partition("=")[0].lstrip("+~")
        if key in _OWN or (betas and key == "model.beta"):
            mend = _OWN.get(key, "BETAS=")
            raise ConfigError(f"{text}: set by the comparison", mend=f"{mend} in its place")
    weights = [_weight(beta) for beta in betas]
    for given, names in (("MODELS=", models), ("BETAS=", weights)):
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ConfigError(
                f"{given} has {', '.join(twice)} more than once",
                expected="each once",
                mend=given + ",".join(dict.fromkeys(names)),
            )
    kinds = {model: [f"model={model}"] for model in models}
    for beta in weights:
        kinds[f"beta {beta}"] = ["model=beta_vae", f"model.beta={beta}"]
    if len(kinds) < 2:
        raise ConfigError(
            f"MODELS={','.join(models)}" + (f" BETAS={','.join(betas)}" if betas else ""),
            expected="two models at least",
            mend=f"MODELS={','.join(MODELS)}",
        )
    if not 2 <= n <= _MOST_SEEDS:
        raise ConfigError(
            f"N={n}" + (": one seed has no spread" if n < 2 else ""),
            expected=f"2 to {_MOST_SEEDS} seeds",
            mend="N=5",
        )
    whole, configs, left_out = {}, {}, []
    for name, kind in kinds.items():
        model = kind[0].partition("=")[2]
        fitting = [text for text in overrides if _applies(text, model)]
        left_out += [f"{text} (not of {name})" for text in overrides if text not in fitting]
        whole[name] = [*kind, *fitting]
        config = typed(compose(CONFIG_DIRECTORY, "train", [*whole[name], "seed=0"]))
        if config.tracking.uri:
            resolve_uri(config.tracking.uri)
        check(config, describe(config.data))
        configs[name] = config
    return Request(configs, list(range(n)), whole, left_out)


def _weight(beta: str) -> str:
    """A KL weight as a number has it, so that 1 and 1.0 are the same.

    Raises:
        ConfigError: it is none.
    """
    try:
        return f"{float(beta):g}"
    except ValueError:
        raise ConfigError(
            f"BETAS={beta}", expected="numbers with commas between them", mend="BETAS=1,2,4"
        ) from None


def _applies(override: str, model: str) -> bool:
    """Whether a model has the key that an override sets."""
    key = override.partition("=")[0].lstrip("+~")
    if key == "model.beta" and model == "vae":  # it is 1 there, and nothing else
        return False
    if model == "ae" and key.partition(".")[0] == "kl_schedule":
        return False
    if not key.startswith("model."):
        return True
    choices = choices_with(key)
    return not choices or model in choices
