"""The launcher `latentsweep_slurm`: submits a sweep's workers to Slurm and returns.

Hydra imports this file at every start: what is heavy is imported where it is used.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, JobStatus
from hydra_plugins.hydra_submitit_launcher.config import BaseQueueConf
from hydra_plugins.hydra_submitit_launcher.submitit_launcher import SlurmLauncher
from omegaconf import OmegaConf

if TYPE_CHECKING:
    from submitit import AutoExecutor


class LatentsweepSlurmLauncher(SlurmLauncher):  # type: ignore[misc]  # its package has no types
    """Submitit's Slurm launcher, which does not wait: the login process may end."""

    def __call__(self, *arguments: Any) -> JobReturn:
        """Do one task, in its job.

        Raises:
            Exception: what the task raised, so that Slurm shows its job as failed.
        """
        returned: JobReturn = super().__call__(*arguments)
        _ = returned.return_value
        return returned

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        """Submit one array with a task for each of `job_overrides`.

        Returns:
            One a task, marked complete, whose value is the task's id in Slurm.

        Raises:
            ConfigError: Slurm refuses the array.
        """
        import submitit

        from latentsweep.sweep.cluster import record_jobs
        from latentsweep.training.slurm import refused

        assert self.config is not None
        directory = Path(str(self.config.hydra.sweep.dir))
        directory.mkdir(parents=True, exist_ok=True)
        tasks = [
            (list(overrides), "hydra.sweep.dir", index, f"worker_{index}", Singleton.get_state())
            for index, overrides in enumerate(job_overrides, initial_job_idx)
        ]
        try:
            jobs = self._executor().map_array(self, *zip(*tasks, strict=True))
        except submitit.core.utils.FailedJobError as error:
            raise refused(str(error)) from None
        record_jobs(directory, [job.job_id for job in jobs])
        return [_returned(job.job_id, task[0]) for job, task in zip(jobs, tasks, strict=True)]

    def _executor(self) -> "AutoExecutor":
        import submitit

        from latentsweep.training.slurm import requeueing

        own = {"submitit_folder", "max_num_timeout"}
        shared = set(OmegaConf.structured(BaseQueueConf).keys())
        executor = submitit.AutoExecutor(
            cluster="slurm",
            folder=self.params["submitit_folder"],
            slurm_max_num_timeout=self.params["max_num_timeout"],
        )
        # One rank that is killed ends the others, and the job is queued again.
        executor.update_parameters(
            slurm_srun_args=["--kill-on-bad-exit=1"], slurm_teardown=requeueing()
        )
        executor.update_parameters(
            **{
                key if key in shared else f"slurm_{key}": value
                for key, value in self.params.items()
                if key not in own
            }
        )
        return executor


def _returned(job: str, overrides: list[str]) -> JobReturn:
    returned = JobReturn(overrides=overrides, status=JobStatus.COMPLETED)
    returned.return_value = job
    return returned
