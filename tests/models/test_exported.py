"""An exported model gives the same numbers wherever it is loaded."""

from pathlib import Path

import pytest
import torch

from latentsweep.config.compose import compose
from latentsweep.config.project import CONFIG_DIRECTORY
from latentsweep.config.typed import typed
from latentsweep.errors import CheckpointError
from latentsweep.models.ae import AE
from latentsweep.models.build import build_model
from latentsweep.models.exported import DECODE, ENCODE, WEIGHTS, export_model, load_model

SHAPE = (1, 16, 16)


def exported(directory: Path, *overrides: str) -> AE:
    config = typed(compose(CONFIG_DIRECTORY, "train", list(overrides)))
    torch.manual_seed(0)
    model = build_model(config.model, config.network, config.likelihood, SHAPE)
    export_model(model, config, torch.rand(3, *SHAPE), directory, {"step": 3})
    return model


@pytest.mark.parametrize(
    "overrides",
    [
        ("network=mlp",),
        ("network=conv", "model=vae"),
        ("network=conv", "model=ae", "likelihood=gaussian", "likelihood.learn_variance=true"),
        ("network=linear", "likelihood=continuous_bernoulli"),
        ("network=linear", "model=factor_vae", "likelihood=gaussian"),
        ("network=linear", "model=iwae"),
    ],
)
def test_programs_and_weights_give_the_models_numbers_for_any_batch(
    tmp_path: Path, overrides: tuple[str, ...]
) -> None:
    model = exported(tmp_path, *overrides)
    encode = torch.export.load(tmp_path / ENCODE).module()
    decode = torch.export.load(tmp_path / DECODE).module()
    again = load_model(tmp_path)
    for count in (1, 2, 7):
        images = torch.rand(count, *SHAPE)
        mean, variance = model.encode(images)
        for got in (encode(images), again.encode(images)):
            torch.testing.assert_close(got, (mean, variance), rtol=1e-6, atol=1e-6)
        for decoded in (decode(mean), again.decode(mean), again.reconstruct(images)):
            torch.testing.assert_close(decoded, model.reconstruct(images), rtol=1e-6, atol=1e-6)


def test_exporting_leaves_the_model_as_it_was(tmp_path: Path) -> None:
    config = typed(compose(CONFIG_DIRECTORY, "train", []))
    model = build_model(config.model, config.network, config.likelihood, SHAPE)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    export_model(model, config, torch.rand(3, *SHAPE), tmp_path, {})
    after = model.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(before[name], value) for name, value in after.items())


def test_neither_program_holds_the_other_half(tmp_path: Path) -> None:
    exported(tmp_path)
    both = (tmp_path / ENCODE).stat().st_size + (tmp_path / DECODE).stat().st_size
    assert both < 1.2 * (tmp_path / WEIGHTS).stat().st_size


def test_no_program_holds_a_discriminator(tmp_path: Path) -> None:
    exported(tmp_path, "model=factor_vae")
    for name in (ENCODE, DECODE):
        program = torch.export.load(tmp_path / name)
        assert not [each for each in program.state_dict if "discriminator" in each]
    both = (tmp_path / ENCODE).stat().st_size + (tmp_path / DECODE).stat().st_size
    assert both < 0.2 * (tmp_path / WEIGHTS).stat().st_size
    assert "discriminator.layers.0.weight" in load_model(tmp_path).state_dict()


def test_a_damaged_export_is_told_of(tmp_path: Path) -> None:
    exported(tmp_path)
    (tmp_path / WEIGHTS).write_bytes(b"torn")
    with pytest.raises(CheckpointError, match="cannot load the model"):
        load_model(tmp_path)
    with pytest.raises(CheckpointError, match="cannot load the model"):
        load_model(tmp_path / "nowhere")
