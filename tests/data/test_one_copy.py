"""One copy of a data set in the memory of a machine, for processes that know of each other."""

import pickle
import subprocess
import sys
from pathlib import Path

import torch

from latentsweep.config.data import SpritesRenderedConfig
from latentsweep.data.one_copy import offer, take
from latentsweep.data.splits import load
from latentsweep.data.storage import PackedImages

CONFIG = SpritesRenderedConfig(dir="data", download=False, val_fraction=0.1, test_fraction=0.1)
READER = """
import pickle, sys, psutil
from pathlib import Path
from latentsweep.data.one_copy import take
before = psutil.Process().memory_full_info().uss
splits = take(pickle.loads(Path(sys.argv[1]).read_bytes()))
total = int(splits.train.image_set.images.bits.numpy().sum(dtype="int64"))
print(total, psutil.Process().memory_full_info().uss - before)
"""


def test_other_process_reads_the_same_images_and_holds_no_copy(tmp_path: Path) -> None:
    splits = load(CONFIG, seed=0)
    offered, memory = offer(splits)
    (tmp_path / "offer").write_bytes(pickle.dumps(offered))
    images = take(offered).train.image_set.images
    assert isinstance(images, PackedImages)
    expected = int(images.bits.numpy().sum(dtype="int64"))
    command = [sys.executable, "-c", READER, str(tmp_path / "offer")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    memory.close()
    total, own = map(int, done.stdout.split())
    assert total == expected
    assert own < images.nbytes / 4


def test_taken_splits_are_the_offered_ones() -> None:
    splits = load(CONFIG, seed=3)
    offered, memory = offer(splits)
    taken = take(offered)
    memory.close()  # whoever has taken it keeps it
    assert taken.digest == splits.digest
    positions = torch.tensor([0, 5, 77])
    for mine, theirs in ((splits.train, taken.train), (splits.val, taken.val)):
        assert torch.equal(mine.indices, theirs.indices)
        assert torch.equal(mine.images(positions), theirs.images(positions))
    assert taken.train.image_set is taken.val.image_set
