"""Real runs of the models that need more than a beta-VAE: more noise, more parameters."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.nn.utils import get_total_norm

from latentsweep.tracking.recorded import read_recorded
from latentsweep.training.checkpoint_file import read_checkpoint
from latentsweep.training.module import AutoencoderModule
from latentsweep.training.recomputation import recompute
from latentsweep.training.run import train

from .conftest import Small

SHORT = ("network.hidden_sizes=[16]", "batch_size=256", "tracking.images_every_n_epochs=0")
NAMES = {
    "beta_tcvae": "b6",
    "factor_vae": "g10",
    "dip_vae_i": "od10-d100",
    "dip_vae_ii": "od10-d10",
    "iwae": "k5",
    "info_vae": "a0-m1000",
}


@pytest.mark.parametrize("name", NAMES)
def test_recorded_metrics_are_computed_again_from_the_exported_model(
    small: Small, name: str
) -> None:
    overrides = ("trainer.precision=bf16-mixed", "tracking.log_model=true")
    summary = train(small(*SHORT, f"model={name}", "seed=3", *overrides), [])
    assert f"digits-{name}-z3-{NAMES[name]}-s3-" in str(summary.directory)
    again = recompute(Path(summary.directory) / "model")
    compared = again.compare({f"val/{key}": value for key, value in summary.validation.items()})
    assert {each.name for each in compared} >= {"val/loss", "val/elbo"}
    assert all(each.agrees for each in compared)
    first, *_, last = read_recorded(Path(summary.directory)).metrics["train/loss"].values()
    assert last < first


def test_resumed_factor_vae_is_the_undisturbed_one_with_its_discriminators_optimiser(
    small: Small,
) -> None:
    options = (*SHORT, "model=factor_vae", "trainer.gradient_clip_val=50.0", "resume=never")
    whole = Path(train(small(*options), []).directory)
    short = Path(train(small(*options, "trainer.max_steps=8"), []).directory)
    resumed = replace(small(*options), resume=f"{short}/checkpoints/last.ckpt")
    grown = Path(train(resumed, []).directory)
    one, other = (read_checkpoint(path / "checkpoints/last.ckpt") for path in (whole, grown))
    (state,) = one["optimizer_states"]
    _, discriminators = state["param_groups"]
    assert (discriminators["lr"], discriminators["betas"]) == (1e-4, (0.5, 0.9))
    assert all(state["state"][number]["exp_avg"].any() for number in discriminators["params"])
    for part in ("state_dict", "optimizer_states"):
        torch.testing.assert_close(other[part], one[part], rtol=0, atol=0)


def test_clipping_a_discriminators_gradient_leaves_its_vaes_alone(small: Small) -> None:
    module = AutoencoderModule(small("model=factor_vae"), (1, 8, 8), 10)
    optimizer = module.configure_optimizers()
    own, theirs = (group["params"] for group in optimizer.param_groups)
    for parameters, norm in ((own, 3.0), (theirs, 100.0)):
        numbers = sum(parameter.numel() for parameter in parameters)
        for parameter in parameters:
            parameter.grad = torch.full_like(parameter, norm / numbers**0.5)
    module.configure_gradient_clipping(optimizer, 5.0)
    norms = [float(get_total_norm(p.grad for p in each)) for each in (own, theirs)]
    assert norms == pytest.approx([3.0, 5.0], rel=1e-3)
