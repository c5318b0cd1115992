import io

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from latentsweep.figures.kl_heatmap import kl_heatmap
from latentsweep.figures.overview import overview


class Flat:
    def __init__(self, shape: tuple[int, int, int]) -> None:
        self.shape = shape

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x.flatten(1)[:, :5], torch.ones(len(x), 5)

    def decode(self, z: Tensor) -> Tensor:
        return torch.sigmoid(z[:, 0]).reshape(-1, 1, 1, 1).expand(-1, *self.shape)

    def sample(self, noise: Tensor) -> Tensor:
        return self.decode(noise)


def test_heatmap_puts_the_latent_with_most_kl_on_top_under_its_own_number() -> None:
    figure = kl_heatmap([[5.0, 0.0, 1.0], [0.1, 2.0, 1.0]], epochs=[1, 5])
    (axes,) = figure.axes
    (bar,) = axes.child_axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["1", "2", "0"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "5"]
    drawn = np.asarray(axes.images[0].get_array())
    assert drawn.tolist() == [[0.0, 2.0], [1.0, 1.0], [5.0, 0.1]]
    assert "nats" in bar.get_ylabel()


def test_heatmap_of_many_latents_and_epochs_labels_some() -> None:
    figure = kl_heatmap(np.random.default_rng(0).random((200, 128)), range(200))
    assert len(figure.axes[0].get_yticks()) <= 32
    assert len(figure.axes[0].get_xticks()) <= 11


def test_overview_is_900_pixels_wide_and_names_latents_by_falling_kl() -> None:
    shape = (3, 16, 16)
    kl = torch.tensor([0.1, 3.0, 0.0, 2.0, 1.0])
    figure = overview(Flat(shape), torch.rand(16, *shape), torch.randn(64, 5), kl, "A title")
    names = [text.get_text() for text in figure.axes[2].texts]
    assert [name.split()[0] for name in names] == ["z1", "z3", "z4", "z0", "z2"]
    assert figure.texts[0].get_text() == "A title"
    file = io.BytesIO()
    figure.savefig(file)
    assert Image.open(file).width == 900
    assert len(file.getvalue()) < 300_000
