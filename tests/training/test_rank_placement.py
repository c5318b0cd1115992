"""Which rank a process is, by the environment that its launcher gives it."""

import pytest

from latentsweep.errors import ConfigError
from latentsweep.training.ranks.placement import MEETING_FILE, Placement, find_placement

TORCHRUN = {
    **{"RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2"},
    **{"MASTER_ADDR": "n1", "MASTER_PORT": "29500"},
}
SRUN = {
    **{"SLURM_JOB_ID": "20123", "SLURM_STEP_ID": "0", "SLURM_PROCID": "4", "SLURM_LOCALID": "0"},
    **{"SLURM_NODEID": "2", "SLURM_STEP_NUM_TASKS": "5", "SLURM_STEP_TASKS_PER_NODE": "2(x2),1"},
    "SLURM_STEP_NODELIST": "gpu[07-09]",
}


def test_torchrun_names_rank_and_address() -> None:
    assert find_placement(TORCHRUN) == Placement(3, 4, 1, 2, "n1", 29500)


def test_ranks_of_one_machine_meet_at_a_file() -> None:
    placement = find_placement({**TORCHRUN, MEETING_FILE: "/run/ranks"})
    assert placement is not None
    assert placement.meeting == "/run/ranks"


def test_srun_names_rank_and_first_node() -> None:
    assert find_placement(SRUN) == Placement(4, 5, 0, 1, "gpu07", 15000 + 123)


def test_given_address_goes_before_the_first_node() -> None:
    placement = find_placement({**SRUN, "MASTER_ADDR": "10.0.0.1", "MASTER_PORT": "777"})
    assert placement is not None
    assert placement.meeting == "10.0.0.1:777"


@pytest.mark.parametrize(
    "environment",
    [{}, {"SLURM_JOB_ID": "1", "SLURM_NTASKS": "4"}, {"SLURM_JOB_ID": "1", "SLURM_PROCID": "0"}],
    ids=["nothing", "shell of an allocation", "batch script"],
)
def test_what_is_no_rank_is_none(environment: dict[str, str]) -> None:
    assert find_placement(environment) is None


@pytest.mark.parametrize(
    "broken", [{"MASTER_PORT": "x"}, {"LOCAL_RANK": ""}, {"WORLD_SIZE": "many"}]
)
def test_environment_without_sense_is_refused(broken: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="cannot tell which rank"):
        find_placement({**TORCHRUN, **broken})
