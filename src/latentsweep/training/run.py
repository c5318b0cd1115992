"""One training run, from config to summary: reads from top to bottom."""

import traceback
from contextlib import suppress
from dataclasses import replace

from latentsweep.config import TrainConfig
from latentsweep.config.typed import first_line
from latentsweep.data.batches import EvalBatches, TrainBatches
from latentsweep.data.splits import Splits
from latentsweep.errors import InterruptedTrainingError, StorageError
from latentsweep.tracking.destination import write_destination
from latentsweep.tracking.recorder import Recorder, RunStatus
from latentsweep.tracking.report import sync_report
from latentsweep.tracking.session import Tracking
from latentsweep.tracking.shipper import Shipper
from latentsweep.tracking.uri import resolve_uri
from latentsweep.training.best_model import try_record_best_model
from latentsweep.training.checkpoints import BEST, LAST, Checkpoints
from latentsweep.training.description import record_description, record_ending
from latentsweep.training.device import choose_device, set_threads
from latentsweep.training.identity import identify
from latentsweep.training.module import AutoencoderModule
from latentsweep.training.nonfinite import NonFiniteGuard
from latentsweep.training.pictures import PictureRecording
from latentsweep.training.progress import TrainingProgress
from latentsweep.training.recording import MetricsRecording
from latentsweep.training.resume import Attempt, attempt, say
from latentsweep.training.summary import RunSummary
from latentsweep.training.supervision import Supervision
from latentsweep.training.supervisor import Supervisor
from latentsweep.training.trainer import build_trainer


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
    set_threads(config.trainer)
    device = choose_device(config.trainer)
    splits = supervisor.splits(config, device)
    batches = TrainBatches(splits.train, config.batch_size, config.seed, splits.resample)
    with attempt(config, identify(config, splits.digest)) as this:
        tags = supervisor.began(this.run.path)
        if this.run.summary is not None:
            return _finished_before(config, overrides, this, supervisor)
        shipper = supervisor.shipper(this.run.path, config.tracking)
        tracking = Tracking.start(this.run.path, config.tracking, this.run.uid, shipper)
        supervisor.ship_leftovers(config, this.run.path)
        status = RunStatus.FAILED
        try:
            record_description(tracking.recorder, this, config, overrides, splits)
            if tags:
                tracking.recorder.tags(tags)
            summary = _fit(config, overrides, this, splits, batches, tracking.recorder, supervisor)
            status = RunStatus.PRUNED if summary.stopped_early else RunStatus.FINISHED
        except InterruptedTrainingError:
            status = supervisor.interrupted(supervisor.interruption.signal)
            raise
        except Exception as error:
            _record_failure(tracking.recorder, error, supervisor)
            raise
        finally:
            with suppress(StorageError):  # the same is said by `finish`, which must come to pass
                record_ending(tracking.recorder, this, overrides, status)
            report = tracking.finish(status)
        return summary.finish(this.run, report)


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


def _fit(
    config: TrainConfig,
    overrides: list[str],
    this: Attempt,
    splits: Splits,
    batches: TrainBatches,
    recorder: Recorder,
    supervisor: Supervisor,
) -> RunSummary:
    """Train to the end and sum up."""
    device = choose_device(config.trainer)
    module = AutoencoderModule(config, splits.shape, len(splits.val), splits.val.factors)
    metrics = MetricsRecording(recorder, config.tracking.every_n_steps)
    checkpoints = Checkpoints(this.run.checkpoints, config, splits.digest, supervisor.interruption)
    supervision = Supervision(supervisor)
    callbacks = [
        NonFiniteGuard(
            this.run.checkpoints,
            config.tracking.every_n_steps,
            fetch_each_step=device.type == "cpu",
        ),
        metrics,
        PictureRecording(recorder, splits.val, config.tracking.images_every_n_epochs),
        supervision,
        checkpoints,  # last: it saves what the others know
        *([TrainingProgress()] if config.trainer.progress_bar else []),
    ]
    trainer = build_trainer(config.trainer, device, callbacks)
    trainer.fit(
        module,
        train_dataloaders=batches,
        val_dataloaders=EvalBatches(splits.val, config.batch_size),
        ckpt_path=this.checkpoint,
        weights_only=True,
    )
    for kept in (BEST, LAST):
        if (this.run.checkpoints / kept).exists():
            recorder.file(this.run.checkpoints / kept, f"checkpoints/{kept}")
    if config.tracking.log_model and supervisor.exports_model:
        problem = try_record_best_model(recorder, this.run, splits.val)
        if problem:
            say(problem)
    tags = supervisor.ended(stopped=supervision.stopped)
    if tags:
        recorder.tags(tags)
    summary = RunSummary.of_fit(config, overrides, this.run, metrics, checkpoints)
    return replace(summary, stopped_early=supervision.stopped)


def _record_failure(recorder: Recorder, error: Exception, supervisor: Supervisor) -> None:
    """Put what happened on record, so far as the record can still be written."""
    with suppress(StorageError):
        recorder.text("traceback.txt", "".join(traceback.format_exception(error)))
        recorder.tags({"failure": first_line(error), **supervisor.failed(error)})
