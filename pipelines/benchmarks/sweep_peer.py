"""The default sweep against Hydra's own Optuna sweeper on the same search, one after the other.

Same space, sampler, epochs, data and split, two workers of one thread each. latentsweep runs as
it comes, and once without pruning, which tells what pruning brings.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from rich.table import Table

from benchmarks.searches import WORKERS, Outcome, Size, by_latentsweep, by_peer

_PEER, _UNPRUNED, _OURS = "Hydra's Optuna", "no pruning", "latentsweep"


def measure(directory: Path, quick: bool) -> Iterator[Table]:
    """Run the three searches.

    Args:
        directory: an empty one.
        quick: 4 trials of 1 epoch.

    Yields:
        how they compare, and where the saved time comes from.
    """
    size = Size(4, 1) if quick else Size(30, 8)
    arrays = directory / "arrays"
    sets = _write_arrays(arrays)
    outcomes = {}
    for name, search in (
        (_PEER, lambda: by_peer(arrays, directory, size)),
        (_UNPRUNED, lambda: by_latentsweep(sets, directory / "unpruned", size, "pruner=none")),
        (_OURS, lambda: by_latentsweep(sets, directory / "pruned", size)),
    ):
        print(f"searching: {name}", file=sys.stderr)
        outcomes[name] = search()
    yield _comparison(outcomes, size)
    yield _origin_of_the_gain(outcomes)


def _write_arrays(arrays: Path) -> Path:
    """The images as latentsweep divides them, for the peer; returns where the data sets lie."""
    import numpy as np
    import torch

    from latentsweep.config.compose import compose
    from latentsweep.config.project import CONFIG_DIRECTORY
    from latentsweep.config.typed import typed
    from latentsweep.data.splits import load

    config = typed(compose(CONFIG_DIRECTORY, "train", []))
    splits = load(config.data, config.seed)
    arrays.mkdir()
    for name, split in (("train", splits.train), ("val", splits.val)):
        np.save(arrays / f"{name}.npy", split.levels(torch.arange(len(split))).flatten(1).numpy())
    return Path(config.data.dir).absolute()


def _comparison(outcomes: dict[str, Outcome], size: Size) -> Table:
    title = f"{size.trials} trials of up to {size.epochs} epochs, {WORKERS} workers of 1 thread"
    table = Table("figure", title=title)
    for name in (*outcomes, "goal"):
        table.add_column(name, justify="right")
    slowest = outcomes[_PEER].wall
    rows = {
        "times less wall time": (lambda o: f"{slowest / o.wall:.2f}", ">= 3"),
        "best ELBO, nats": (lambda o: f"{o.best:.1f}", "as good"),
        "its latent size, beta": (lambda o: o.parameters, ""),
        "trials": (lambda o: str(o.trials), str(size.trials)),
        "epochs trained": (lambda o: str(o.epochs), ""),
        "an epoch, s": (lambda o: f"{WORKERS * o.time.training / o.epochs:.2f}", ""),
        "wall time, s": (lambda o: f"{o.wall:.1f}", ""),
        "  to the first trial": (lambda o: f"{o.time.starting:.1f}", ""),
        "  in trials": (lambda o: f"{o.time.training:.1f}", ""),
        "  between trials": (lambda o: f"{o.time.between:.1f}", ""),
        "  waiting for others": (lambda o: f"{o.time.waiting:.1f}", ""),
        "  after the last trial": (lambda o: f"{o.time.stopping:.1f}", ""),
        "longest gap, s": (lambda o: f"{o.longest_gap:.2f}", "< 0.3"),
        "share of time training": (lambda o: f"{_share(o):.1%}", ">= 97 %"),
    }
    for figure, (shown, goal) in rows.items():
        table.add_row(figure, *(shown(outcome) for outcome in outcomes.values()), goal)
    return table


def _share(outcome: Outcome) -> float:
    """Of the time from a worker's first step to its last trial's end."""
    return outcome.time.training / (outcome.time.training + outcome.time.between)


def _origin_of_the_gain(outcomes: dict[str, Outcome]) -> Table:
    """The saved wall time, divided without a rest."""
    peer, unpruned, ours = (outcomes[name] for name in (_PEER, _UNPRUNED, _OURS))
    saved = peer.wall - ours.wall
    parts = {
        "pruning": unpruned.wall - ours.wall,
        "not waiting for a batch's end": peer.time.waiting - unpruned.time.waiting,
        "live workers: between trials": peer.time.between - unpruned.time.between,
        "starting and stopping": _once(peer) - _once(unpruned),
        "less time an epoch": peer.time.training - unpruned.time.training,
    }
    table = Table("part", title=f"where the saved {saved:.0f} s of wall time come from")
    table.add_column("s", justify="right")
    table.add_column("share", justify="right")
    for part, seconds in parts.items():
        table.add_row(part, f"{seconds:.0f}", f"{seconds / saved:.0%}" if saved else "")
    return table


def _once(outcome: Outcome) -> float:
    """Seconds that come once, however many trials there are."""
    return outcome.time.starting + outcome.time.stopping
