"""Copy the pictures of the newest finished run of the default config into `docs/`.

They are made by `make pictures`, which trains that run first.
"""

from latentsweep.command import errors_to_terminal
from latentsweep.config.compose import compose
from latentsweep.config.project import CONFIG_DIRECTORY, ROOT
from latentsweep.config.typed import typed
from latentsweep.errors import StorageError

OVERVIEW = "overview.png"


def main() -> None:
    """Find the run and copy its overview, with as few colours as it needs."""
    from pathlib import Path

    from PIL import Image

    from latentsweep.training.rundir import find_finished

    config = typed(compose(CONFIG_DIRECTORY, "train", []))
    run = find_finished(Path(config.output_dir), config)
    if run is None:
        raise StorageError("there is no finished run of the default config", mend="make train")
    target = ROOT / "docs" / OVERVIEW
    with Image.open(run.path / "figures" / OVERVIEW) as picture:
        picture.convert("L").save(target, optimize=True)
    print(f"{target.relative_to(ROOT)} shows {run.path}")


if __name__ == "__main__":
    with errors_to_terminal():
        main()
