"""One training run, from config to summary: reads from top to bottom."""

import traceback
from contextlib import ExitStack, nullcontext, suppress
from dataclasses import dataclass, replace

import torch

from latentsweep.config import TrainConfig
from latentsweep.config.typed import first_line
from latentsweep.data.batches import EvalBatches, TrainBatches
from latentsweep.data.splits import Splits
from latentsweep.errors import REQUEUE_EXIT, InterruptedTrainingError, StorageError
from latentsweep.tracking.destination import write_destination
from latentsweep.tracking.recorder import NoRecorder, Recorder, RunStatus
from latentsweep.tracking.report import sync_report
from latentsweep.tracking.session import Tracking
from latentsweep.tracking.shipper import Shipper
from latentsweep.tracking.uri import resolve_uri
from latentsweep.training.best_model import try_record_best_model
from latentsweep.training.checkpoint_file import BEST, LAST
from latentsweep.training.checkpoints import Checkpoints
from latentsweep.training.description import record_description, record_ending
from latentsweep.training.device import choose_device, set_threads
from latentsweep.training.identity import identify
from latentsweep.training.kept_memory import kept_memory
from latentsweep.training.module import AutoencoderModule
from latentsweep.training.nonfinite import NonFiniteGuard
from latentsweep.training.numerics import Numerics, prepare_device
from latentsweep.training.origin import run_origin
from latentsweep.training.pictures import PictureRecording
from latentsweep.training.progress import TrainingProgress
from latentsweep.training.ranks.agreement import (
    refuse_mixed_code,
    refuse_mixed_data,
    refuse_too_few,
    share_of_batch,
)
from latentsweep.training.ranks.errors import RankLostError
from latentsweep.training.ranks.ranks import Ranks
from latentsweep.training.recording import MetricsRecording
from latentsweep.training.resume import Attempt, attempt, say
from latentsweep.training.summary import RunSummary
from latentsweep.training.supervision import Supervision
from latentsweep.training.supervisor import Supervisor
from latentsweep.training.trainer import build_trainer
from latentsweep.training.weights import TAG as WEIGHTS_TAG
from latentsweep.training.weights import weights_digest


def train(
    config: TrainConfig, overrides: list[str], supervisor: Supervisor | None = None
) -> RunSummary:
    """Train what `config` says, or go on with it, or find that it is done.

    Args:
        config: a checked config.
        overrides: Hydra overrides that led to it, for the record.
        supervisor: what the run is part of; None: nothing.

    Raises:
        LatentsweepError: something that the user can mend; record and checkpoints are kept.
    """
    supervisor = supervisor or Supervisor()
    with supervisor.ranks(config.trainer) as ranks, ExitStack() as held:
        set_threads(config.trainer, ranks)
        device = choose_device(config.trainer, ranks)
        prepare_device(config, device)
        share = share_of_batch(config, ranks)
        refuse_mixed_code(config, ranks)
        splits = supervisor.splits(config, device, ranks)
        refuse_mixed_data(splits.digest, ranks)
        refuse_too_few(len(splits.val), ranks)
        parts = config.trainer.accumulate_grad_batches
        batches = TrainBatches(
            splits.train, config.batch_size, config.seed, splits.resample, share, parts
        )
        identity = identify(config, splits.digest)
        # Rank 0 alone looks for the run, and holds it.
        this = ranks.from_leader(lambda: held.enter_context(attempt(config, identity, ranks)))
        torch.set_num_threads(ranks.from_leader(torch.get_num_threads))
        chosen = Numerics.choose(config, device).as_before(config, this.numerics)
        numerics = ranks.from_leader(lambda: chosen)
        data = Data(splits, batches, device, numerics)
        if not ranks.leads:
            return _follow(config, this, data, supervisor, ranks)
        summary = _lead(config, overrides, this, data, supervisor, ranks)
        return ranks.from_leader(lambda: summary)  # the others have waited for that


@dataclass(frozen=True)
class Data:
    """What a rank learns from, and where.

    Attributes:
        splits: the data set.
        batches: this rank's part of the training batches.
        device: of this rank.
        numerics: how it computes there.
    """

    splits: Splits
    batches: TrainBatches
    device: torch.device
    numerics: Numerics


def _lead(
    config: TrainConfig,
    overrides: list[str],
    this: Attempt,
    data: Data,
    supervisor: Supervisor,
    ranks: Ranks,
) -> RunSummary:
    """Train as rank 0, or alone, and put it on record."""
    tags = supervisor.began(this.run.path)
    if this.finished:
        return _finished_before(config, overrides, this, supervisor)
    supervisor.interruption.listen()
    shipper = supervisor.shipper(this.run.path, config.tracking)
    tracking = Tracking.start(this.run.path, config.tracking, this.run.uid, shipper)
    recorder = tracking.recorder
    supervisor.ship_leftovers(config, this.run.path)
    status = RunStatus.FAILED
    try:
        origin = run_origin(config, data.numerics, data.device, ranks.size)
        record_description(recorder, this, config, overrides, data.splits, origin, tags)
        fitted = _fit(config, this, data, recorder, supervisor, ranks)
        summary = _sum_up(config, overrides, this, data.splits, recorder, supervisor, fitted)
        status = RunStatus.PRUNED if summary.stopped_early else RunStatus.FINISHED
    except InterruptedTrainingError as error:
        status = supervisor.interrupted(supervisor.interruption.signal)
        if status is RunStatus.PREEMPTED:
            error.exit_code = REQUEUE_EXIT
        raise
    except RankLostError:
        status = RunStatus.INTERRUPTED  # whoever has started the ranks may start them again
        raise
    except Exception as error:
        _record_failure(recorder, error, supervisor)
        raise
    finally:
        with suppress(StorageError):  # the same is said by `finish`, which must come to pass
            record_ending(recorder, this, overrides, status)
        report = tracking.finish(status)
    return summary.finish(this.run, report)


def _follow(
    config: TrainConfig, this: Attempt, data: Data, supervisor: Supervisor, ranks: Ranks
) -> RunSummary:
    """Train as one of the other ranks; rank 0 tells what came of it."""
    if not this.finished:
        _fit(config, this, data, NoRecorder(), supervisor, ranks)
    summary: RunSummary | None = None
    told = ranks.from_leader(lambda: summary)
    assert told is not None
    return replace(told, shown_elsewhere=True)


def _finished_before(
    config: TrainConfig, overrides: list[str], this: Attempt, supervisor: Supervisor
) -> RunSummary:
    """What a finished run came to; what its store does not hold of it is shipped."""
    summary = RunSummary.of_finished(this.run, config, overrides)
    if config.tracking.uri is None:
        return replace(summary, unsynced="")  # nobody asks MLflow
    uri = resolve_uri(config.tracking.uri)
    report = sync_report(this.run.path, uri=uri)
    if not report.complete:
        write_destination(this.run.path, uri, config.tracking.experiment)
        shipper = supervisor.shipper(this.run.path, config.tracking)
        shipper = shipper or Shipper(this.run.path, config.tracking)
        report = shipper.finish(config.tracking.wait_seconds)
    supervisor.ship_leftovers(config, this.run.path)
    return summary.finish(this.run, report)


@dataclass(frozen=True)
class Fitted:
    """What knows of a fit that has ended.

    Attributes:
        metrics: the last of them.
        checkpoints: which state was best.
        stopped: whether the supervisor ended it.
        ranks: how many trained.
        weights: digest of the last weights.
    """

    metrics: MetricsRecording
    checkpoints: Checkpoints
    stopped: bool
    ranks: int
    weights: str


def _fit(
    config: TrainConfig,
    this: Attempt,
    data: Data,
    recorder: Recorder,
    supervisor: Supervisor,
    ranks: Ranks,
) -> Fitted:
    """Train to the end."""
    splits, every = data.splits, config.tracking.every_n_steps
    module = AutoencoderModule(
        *(config, splits.shape, len(splits.val), splits.val.factors),
        numerics=data.numerics,
        ranks=ranks,
    )
    metrics = MetricsRecording(recorder, every)
    checkpoints = Checkpoints(
        *(this.run.checkpoints, config, splits.digest, supervisor.interruption, data.numerics),
        ranks,
    )
    supervision = Supervision(supervisor, ranks)
    on_cpu = data.device.type == "cpu"
    callbacks = [NonFiniteGuard(this.run.checkpoints, every, fetch_each_step=on_cpu), metrics]
    if ranks.leads:
        pictures_every = config.tracking.images_every_n_epochs
        callbacks.append(PictureRecording(recorder, splits.val, pictures_every))
    callbacks += [supervision, checkpoints]  # the latter last: it saves what the others know
    if config.trainer.progress_bar and ranks.leads:
        callbacks.append(TrainingProgress())
    share = ranks.share(len(splits.val))
    batch_size = len(data.batches.share) // config.trainer.accumulate_grad_batches
    with ranks.explaining(), kept_memory() if on_cpu else nullcontext():
        precision = data.numerics.precision
        build_trainer(config.trainer, data.device, callbacks, ranks, precision).fit(
            module,
            train_dataloaders=data.batches,
            val_dataloaders=EvalBatches(splits.val, batch_size, share),
            ckpt_path=this.checkpoint,
            weights_only=True,
        )
    weights = weights_digest(module.state_dict()) if ranks.leads else ""
    return Fitted(metrics, checkpoints, supervision.stopped, ranks.size, weights)


def _sum_up(
    config: TrainConfig,
    overrides: list[str],
    this: Attempt,
    splits: Splits,
    recorder: Recorder,
    supervisor: Supervisor,
    fitted: Fitted,
) -> RunSummary:
    """Put checkpoints and the best model on record, and sum up."""
    for kept in (BEST, LAST):
        if (this.run.checkpoints / kept).exists():
            recorder.file(this.run.checkpoints / kept, f"checkpoints/{kept}")
    has_best = (this.run.checkpoints / BEST).exists()  # not before the first validation
    if config.tracking.log_model and supervisor.exports_model and has_best:
        problem = try_record_best_model(recorder, this.run, splits.val)
        if problem:
            say(problem)
    recorder.tags({WEIGHTS_TAG: fitted.weights, **supervisor.ended(stopped=fitted.stopped)})
    summary = RunSummary.of_fit(config, overrides, this.run, fitted.metrics, fitted.checkpoints)
    return replace(summary, stopped_early=fitted.stopped, ranks=fitted.ranks)


def _record_failure(recorder: Recorder, error: Exception, supervisor: Supervisor) -> None:
    """Put what happened on record, so far as the record can still be written."""
    with suppress(StorageError):
        recorder.text("traceback.txt", "".join(traceback.format_exception(error)))
        recorder.tags({"failure": first_line(error), **supervisor.failed(error)})
