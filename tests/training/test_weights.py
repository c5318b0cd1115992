from typing import Any

import pytest
import torch

from latentsweep.training.weights import weights_digest

STATE = {"a": torch.tensor([[1.0, 2.0], [3.0, 4.0]]), "b": torch.tensor(5)}


def test_the_digest_knows_neither_order_nor_layout() -> None:
    image = torch.rand(2, 3, 4, 4)
    state = {"b": STATE["b"], "a": STATE["a"].t().contiguous().t()}
    assert weights_digest(state) == weights_digest(STATE)
    last = image.to(memory_format=torch.channels_last)
    assert weights_digest({"w": image}) == weights_digest({"w": last})


@pytest.mark.parametrize(
    "change",
    [
        {
            "a": torch.tensor(
                [[1.0, 2.0], [3.0, torch.nextafter(torch.tensor(4.0), torch.tensor(5.0))]]
            )
        },
        {"a": torch.tensor([1.0, 2.0, 3.0, 4.0])},
        {"a": STATE["a"].double()},
        {"c": torch.tensor(0)},
    ],
)
def test_the_digest_changes_with_each_bit_shape_format_and_name(change: dict[str, Any]) -> None:
    assert weights_digest({**STATE, **change}) != weights_digest(STATE)
