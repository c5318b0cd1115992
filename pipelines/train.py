"""Train one model: `python pipelines/train.py [GROUP=CHOICE] [KEY=VALUE] ...`."""

from latentsweep.command import pipeline
from latentsweep.config import TrainConfig


@pipeline("train")
def main(config: TrainConfig, overrides: list[str]) -> None:
    """Train, then show what came of it and where it lies."""
    from latentsweep.training.run import train
    from latentsweep.training.summary import show

    show(train(config, overrides))


if __name__ == "__main__":
    main()
