"""A trained model as files that need none of this project's code, and as weights that do.

A directory of an exported model holds

| file | what it is |
| --- | --- |
| `encode.pt2` | images -> mean and variance of q(z|x), a `torch.export` program without pickle |
| `decode.pt2` | latents -> mean images, likewise |
| `weights.safetensors` | the parameters |
| `config.yaml` | the config that the parameters belong to |
| `about.json` | sizes, and whatever else its maker says of it |
| `example.npy` | a few images, as the model takes them |

`torch.export.load("encode.pt2").module()` runs wherever PyTorch is; `load_model` gives the model
itself, with everything it can do.
"""

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from latentsweep.config.digest import resolved
from latentsweep.config.root import TrainConfig
from latentsweep.config.typed import first_line, from_values
from latentsweep.errors import CheckpointError
from latentsweep.models.ae import AE
from latentsweep.models.build import build_model

ENCODE, DECODE = "encode.pt2", "decode.pt2"
WEIGHTS, CONFIG, ABOUT, EXAMPLE = "weights.safetensors", "config.yaml", "about.json", "example.npy"
_LARGEST_BATCH = 2**20


class _Encode(nn.Module):
    """Images to posterior means and variances, as a module's forward, with nothing else in it."""

    def __init__(self, model: AE) -> None:
        super().__init__()
        self.model = copy.copy(model)
        self.model._modules = {"encoder": model.encoder}

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        return self.model.encode(images)


class _Decode(nn.Module):
    """Latents to mean images, as a module's forward, with nothing else in it."""

    def __init__(self, model: AE) -> None:
        super().__init__()
        self.model = copy.copy(model)
        self.model._modules = {"decoder": model.decoder, "likelihood": model.likelihood}

    def forward(self, latents: Tensor) -> Tensor:
        return self.model.decode(latents)


@torch.no_grad()
def export_model(
    model: AE, config: TrainConfig, images: Tensor, directory: Path, about: Mapping[str, Any]
) -> None:
    """Write an exported model, for batches of any size.

    Args:
        model: in float32 on the CPU; put into evaluation mode.
        config: the config that it was built from.
        images: (n, channels, height, width), n >= 2: examples as the model takes them.
        directory: where the files go; created, and older ones of the same names replaced.
        about: what else is to be known of the model.

    Raises:
        OSError: if the disk refuses.
    """
    directory.mkdir(parents=True, exist_ok=True)
    model.eval()
    batch = torch.export.Dim("batch", min=1, max=_LARGEST_BATCH)
    latents = model.encode(images)[0]
    for name, program, example in (
        (ENCODE, _Encode(model), images),
        (DECODE, _Decode(model), latents),
    ):
        exported = torch.export.export(program, (example,), dynamic_shapes=({0: batch},))
        torch.export.save(exported, directory / name)
    save_file(
        {name: value.contiguous() for name, value in model.state_dict().items()},
        directory / WEIGHTS,
    )
    (directory / CONFIG).write_text(yaml.safe_dump(resolved(config), sort_keys=False))
    sizes = {"shape": list(model.shape), "latent_size": model.latent_size}
    (directory / ABOUT).write_text(json.dumps({**sizes, **about}, indent=2) + "\n")
    np.save(directory / EXAMPLE, images.numpy())


def load_model(directory: Path | str) -> AE:
    """The model of an exported directory, on the CPU and in evaluation mode; MLflow is not needed.

    Args:
        directory: what `export_model` wrote: a run's `model/`, or the `artifacts` of a model that
            was downloaded from MLflow.

    Raises:
        CheckpointError: something of it is missing or does not fit.
    """
    place = Path(directory)
    try:
        config = from_values(yaml.safe_load((place / CONFIG).read_text()))
        channels, height, width = json.loads((place / ABOUT).read_text())["shape"]
        model = build_model(
            config.model, config.network, config.likelihood, (channels, height, width)
        )
        model.load_state_dict(load_file(place / WEIGHTS))
    except Exception as error:
        raise CheckpointError(
            f"cannot load the model in {place}",
            found=first_line(error)[:200],
            expected=f"{WEIGHTS}, {CONFIG} and {ABOUT} as latentsweep wrote them",
        ) from None
    return model.eval()
