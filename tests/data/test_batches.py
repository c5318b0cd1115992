from collections.abc import Callable

import pytest
import torch

from latentsweep.data.batches import EvalBatches, TrainBatches
from latentsweep.data.image_set import ImageSet
from latentsweep.data.splits import Split
from latentsweep.data.storage import ByteImages
from latentsweep.errors import DataError

MakeSet = Callable[[int], ImageSet]


def whole(image_set: ImageSet) -> Split:
    return Split(image_set, torch.arange(len(image_set)))


def seen(batches: TrainBatches | EvalBatches) -> list[list[int]]:
    return [batch.images[:, 0, 0, 0].int().tolist() for batch in batches]


def test_an_epoch_shows_each_image_once_and_drops_the_remainder(numbered: MakeSet) -> None:
    batches = TrainBatches(whole(numbered(23)), batch_size=5, seed=0)
    epoch = seen(batches)
    assert [len(batch) for batch in epoch] == [5] * len(batches) == [5] * 4
    assert len({image for batch in epoch for image in batch}) == 20


def test_the_order_is_a_function_of_seed_and_epoch(numbered: MakeSet) -> None:
    def three_epochs(seed: int) -> list[list[list[int]]]:
        batches = TrainBatches(whole(numbered(50)), batch_size=5, seed=seed)
        return [seen(batches) for _ in range(3)]

    first = three_epochs(0)
    assert three_epochs(0) == first
    assert first[0] != first[1] != first[2]
    assert three_epochs(1)[0] != first[0]


@pytest.mark.parametrize("consumed", range(13))
def test_a_state_saved_inside_the_loop_resumes_at_the_next_batch(
    consumed: int, numbered: MakeSet
) -> None:
    def endless(batches: TrainBatches):
        while True:
            yield from batches

    split = whole(numbered(21))
    batches = TrainBatches(split, batch_size=5, seed=7)
    run = endless(batches)
    sequence = [next(run).images for _ in range(consumed)]
    state = batches.state_dict()
    assert state == {"epoch": consumed // 4, "position": consumed % 4}
    sequence += [next(run).images for _ in range(9)]

    resumed = TrainBatches(split, batch_size=5, seed=7)
    resumed.load_state_dict(state)
    rest = endless(resumed)
    for expected in sequence[consumed:]:
        assert torch.equal(next(rest).images, expected)


def test_too_few_images_for_a_batch_are_an_error_that_names_both(numbered: MakeSet) -> None:
    with pytest.raises(DataError, match="9 training images, batch_size=10"):
        TrainBatches(whole(numbered(9)), batch_size=10, seed=0)


def test_evaluation_shows_every_image_in_order(numbered: MakeSet) -> None:
    split = Split(numbered(20), torch.arange(1, 20, 2))
    batches = EvalBatches(split, batch_size=4)
    assert seen(batches) == [[1, 3, 5, 7], [9, 11, 13, 15], [17, 19]]
    assert [batch.start for batch in batches] == [0, 4, 8]
    assert len(batches) == 3


def test_dynamic_binarisation_draws_anew_each_epoch_and_repeats_when_resumed() -> None:
    grey = torch.full((8, 1, 16, 16), 128, dtype=torch.uint8)
    split = whole(ImageSet(ByteImages(grey, divisor=255), digest="0", origin="made"))
    batches = TrainBatches(split, batch_size=8, seed=0, binarise=True)
    (first,), (second,) = (list(batches) for _ in range(2))
    assert set(first.images.unique().tolist()) == {0.0, 1.0}
    assert not torch.equal(first.images, second.images)

    resumed = TrainBatches(split, batch_size=8, seed=0, binarise=True)
    resumed.load_state_dict({"epoch": 1, "position": 0})
    assert torch.equal(next(iter(resumed)).images, second.images)
