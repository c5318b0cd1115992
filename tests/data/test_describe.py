import subprocess
import sys

from latentsweep.config.data import CelebAConfig, Shapes3DConfig
from latentsweep.data.describe import describe


def test_describe_needs_neither_torch_nor_the_files() -> None:
    program = (
        "import sys\n"
        "from latentsweep.config.data import FashionMNISTConfig\n"
        "from latentsweep.data.describe import describe\n"
        "config = FashionMNISTConfig(dir='/nowhere', download=False, val_fraction=0.1)\n"
        "print(describe(config).shape, describe(config).training_images, 'torch' in sys.modules)\n"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert said.stdout == "(1, 28, 28) 54000 False\n", said.stderr


def test_published_sets_are_known_by_heart() -> None:
    celeba = CelebAConfig(dir="x", download=False, val_fraction=0.1, image_size=48)
    assert (describe(celeba).shape, describe(celeba).training_images) == ((3, 48, 48), 164_373)
    shapes = Shapes3DConfig(dir="x", download=False, val_fraction=0.01, test_fraction=0.01)
    assert (describe(shapes).shape, describe(shapes).training_images) == ((3, 64, 64), 470_448)
