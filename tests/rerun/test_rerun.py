"""A recorded run again: identical, within tolerance, different, or refused."""

import json
import os
import re
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from latentsweep.rerun.plan import make_plan
from latentsweep.rerun.record import read_record
from latentsweep.rerun.wish import Wish
from latentsweep.tracking.journal import JOURNAL_NAME
from latentsweep.tracking.recorded import RecordedRun, read_recorded
from latentsweep.tracking.recorder import RunStatus

from .conftest import SMALL, Changed, Project

SUBDIRECTORY = "inner"
# Of a person's own, which change what git says.
SETTINGS = {
    "GIT_CONFIG_COUNT": "2",
    "GIT_CONFIG_KEY_0": "diff.noprefix",
    "GIT_CONFIG_VALUE_0": "true",
    "GIT_CONFIG_KEY_1": "core.autocrlf",
    "GIT_CONFIG_VALUE_1": "true",
}
REPARAMETERISATION = "src/latentsweep/models/vae.py"


@pytest.fixture(scope="module")
def recorded(project: Project) -> RecordedRun:
    """A run of a changed tree that was killed and gone on with."""
    vae = project.root / REPARAMETERISATION
    before = vae.read_text()
    vae.write_text(before + "\n# not committed\n")
    # Neither UTF-8 nor with line ends of this system's.
    new = b'# -*- coding: latin-1 -*-\r\n"""Not known to git: caf\xe9."""\r\n'
    (project.root / "src/latentsweep/new.py").write_bytes(new)
    overrides = [*SMALL, "trainer.max_epochs=12", "trainer.checkpoint_every_n_steps=4"]
    first = project.start("train.py", *overrides, variables=SETTINGS)
    deadline = time.monotonic() + 60
    while not any(_step(path) >= 30 for path in project.runs) and time.monotonic() < deadline:
        time.sleep(0.001)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    assert first.returncode == -signal.SIGKILL, "it was quicker than this test"
    told = project.run("train.py", *overrides, variables=SETTINGS)
    assert re.search(r"goes on from step \d+", told)
    vae.write_text(before)
    (project.root / "src/latentsweep/new.py").unlink()
    (path,) = project.runs
    run = read_recorded(path)
    assert run.tags["latentsweep.attempts"] == "2"
    return run


def _step(run_dir: Path) -> int:
    return (run_dir / JOURNAL_NAME).read_bytes().count(b"train/loss")


def rerun_of(project: Project, told: str) -> RecordedRun:
    found = re.search(r"rerun: +(reruns/\S+)", told)
    assert found, told
    return read_recorded(project.place / found.group(1))


def test_a_killed_and_resumed_run_is_identical_with_its_recorded_code(
    project: Project, recorded: RecordedRun
) -> None:
    hook = {"GIT_DIR": "/nonexistent", "GIT_INDEX_FILE": "/nonexistent"}
    told = project.run("rerun.py", recorded.reference, variables={**SETTINGS, **hook})
    assert "IDENTICAL" in told
    assert "are the same to the bit, and the last weights" in told
    again = rerun_of(project, told)
    assert again.metrics == recorded.metrics
    assert again.tags["rerun_of"] == recorded.uid
    assert again.tags["rerun.verdict"].startswith("IDENTICAL: ")
    assert "not committed" in (again.text("uncommitted-1.diff") or "")
    first = read_recorded(Path(recorded.reference))
    assert (first.tags["rerun.verdict"], first.tags["rerun.verdict_by"]) == (
        again.tags["rerun.verdict"],
        again.uid,
    )
    assert [path.read_text() for path in Path(recorded.reference).glob("files/rerun/*.txt")]


def test_other_code_is_told_and_the_numbers_that_it_changes(
    project: Project, recorded: RecordedRun, changed: Changed
) -> None:
    changed(REPARAMETERISATION, "-terms.log", "-1.0001 * terms.log")
    told = project.run("rerun.py", recorded.reference, "--code", "current", code=1)
    assert re.search(r"code .*may change every number", told)
    assert "DIFFERENT" in told
    assert re.search(r"first: +train/\w+ at step 1: ", told)
    assert re.search(r"may be due to: code \(", told)
    assert "IDENTICAL" in project.run("rerun.py", recorded.reference, "--steps", "12")


def test_another_number_of_ranks_is_within_tolerance(
    project: Project, recorded: RecordedRun
) -> None:
    told = project.run("rerun.py", recorded.reference, "--devices", "2")
    assert "WITHIN TOLERANCE" in told
    assert re.search(r"expected: .*ranks \(1, now 2\)", told)


def test_other_vector_instructions_are_within_tolerance_and_variables_are_set_back(
    project: Project, recorded: RecordedRun
) -> None:
    other = {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41"}
    arguments = (recorded.reference, "--steps", "40")
    told = project.run("rerun.py", *arguments, "--packages", "current", variables=other)
    assert "WITHIN TOLERANCE" in told
    assert re.search(r"expected: .*vector instructions \(", told)
    assert re.search(r"expected: .*variable ONEDNN_MAX_CPU_ISA \(none, now SSE41\)", told)
    told = project.run("rerun.py", *arguments, variables=other)
    assert re.search(r"variable ONEDNN_MAX_CPU_ISA .*is brought back", told)
    assert "IDENTICAL" in told


def test_the_first_steps_are_a_quick_proof(project: Project, recorded: RecordedRun) -> None:
    told = project.run("rerun.py", recorded.reference, "--steps", "7")
    assert "up to step 7 are the same to the bit; weights not compared" in told
    again = rerun_of(project, told)
    assert again.last_step == 7
    assert "up to step 7" in again.tags["rerun.first_steps"]
    first = read_recorded(Path(recorded.reference))
    assert "up to step 132" in first.tags["rerun.verdict"], "the whole's verdict is no more there"


def test_a_dry_run_checks_and_trains_nothing(project: Project, recorded: RecordedRun) -> None:
    before = sorted(project.place.glob("reruns/*"))
    told = project.run("rerun.py", recorded.name, "--dry")
    assert re.search(r"uncommitted changes .*is brought back", told)
    assert "nothing was trained" in told
    assert sorted(project.place.glob("reruns/*")) == before


def test_a_change_is_told_beside_what_it_did(project: Project, recorded: RecordedRun) -> None:
    told = project.run("rerun.py", recorded.reference, "seed=1", "network=linear")
    assert re.search(r"│ seed +│ 0 +│ 1 ", told)
    assert re.search(r"│ network.name +│ mlp +│ linear ", told)
    assert re.search(r"│ val/elbo +│ +132 │ +-[\d.]+ │ +-[\d.]+ │ +[+-][\d.]+ │", told)
    assert rerun_of(project, told).tags["seed"] == "1"


def test_a_rerun_that_is_stopped_is_gone_on_with_by_the_same_command(
    project: Project, recorded: RecordedRun
) -> None:
    arguments = (recorded.reference, "trainer.max_epochs=2000", "--code", "current")
    before = set(project.place.glob("reruns/*"))
    process = project.start("rerun.py", *arguments)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        (made,) = set(project.place.glob("reruns/*")) - before or (Path("none"),)
        if any(_step(path.parent) > 5 for path in made.glob(f"*/{JOURNAL_NAME}")):
            break
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM, told
    assert "the same command goes on with it" in told
    process = project.start("rerun.py", *arguments)
    assert process.stdout
    for line in process.stdout:
        if "goes on from step" in line:
            break
    else:
        pytest.fail("it began anew")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert set(project.place.glob("reruns/*")) - before == {made}


def test_data_that_was_changed_by_a_byte_is_refused_with_its_digest(
    project: Project, tmp_path: Path
) -> None:
    images = np.random.default_rng(0).integers(0, 255, (300, 8, 8), dtype=np.uint8)
    path = tmp_path / "images.npy"
    np.save(path, images)
    own = [text for text in SMALL if not text.startswith("data=")]
    project.run("train.py", *own, "data=arrays", f"data.path={path}", "trainer.max_epochs=1")
    (run,) = project.place.glob("runs/arrays-*")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    told = project.run("rerun.py", str(run), code=2)
    digest = read_recorded(run).tags["latentsweep.data_digest"][:16]
    assert re.search(r"found: +data digest [0-9a-f]{16} of data=arrays", told)
    assert f"expected: data digest {digest}" in told
    path.unlink()
    told = project.run("rerun.py", str(run), code=2)
    assert "is not here" in told
    assert digest in told
    assert "DRY=1" in told


def test_a_commit_that_is_not_in_the_repository_is_told(
    project: Project, recorded: RecordedRun, tmp_path: Path
) -> None:
    copy = tmp_path / "copied"
    shutil.copytree(recorded.reference, copy)
    for path in copy.glob("files/provenance-*.json"):
        content = json.loads(path.read_text())
        path.write_text(json.dumps({**content, "commit": "0" * 40}))
    told = project.run("rerun.py", str(copy), code=2)
    assert "the recorded commit 000000000000 is not in this repository" in told
    assert "git fetch" in told
    assert "CODE=current" in told
    assert "it is other code than that on record" in told


@pytest.mark.parametrize(
    ("missing", "told"),
    [("config.yaml", "no config.yaml"), ("provenance-*.json", "no provenance-1.json")],
)
def test_a_record_that_lacks_a_part_names_it(
    project: Project, recorded: RecordedRun, tmp_path: Path, missing: str, told: str
) -> None:
    copy = tmp_path / "copied"
    shutil.copytree(recorded.reference, copy)
    for path in copy.glob(f"files/{missing}"):
        path.unlink()
    assert told in project.run("rerun.py", str(copy), code=2)


def test_what_a_killed_rerun_left_is_removed_by_the_next_and_nothing_else(
    project: Project, recorded: RecordedRun, tmp_path: Path
) -> None:
    own, away = tmp_path / "own", tmp_path / "away"
    project.git("worktree", "add", "-q", "--detach", str(own))
    own.rename(away)  # as if its disk were away
    process = project.start("rerun.py", recorded.reference, "trainer.max_epochs=2000")
    wait_until(lambda: bool(processes_in(project.root / ".recorded")))
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    wait_until(lambda: not processes_in(project.root / ".recorded"))  # it trains no further alone
    assert list(project.root.glob(".recorded/tmp*"))
    project.run("rerun.py", recorded.reference, "--steps", "2")
    assert not list(project.root.glob(".recorded/tmp*"))
    away.rename(own)
    project.git("-C", str(own), "status")
    project.git("worktree", "remove", str(own))


def wait_until(happens: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def processes_in(directory: Path) -> list[int]:
    """Those whose command line names a directory."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(directory).encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:  # it has ended
            continue
    return found


def test_a_run_that_other_code_left_in_the_folder_is_not_judged(
    project: Project, recorded: RecordedRun, changed: Changed
) -> None:
    arguments = ("rerun.py", recorded.reference, "--steps", "5", "--code", "current")
    told = project.run(*arguments)
    folder = rerun_of(project, told).directory
    assert folder
    (folder.parent / "verdict.json").unlink()  # as if it had been killed before the verdict
    changed(REPARAMETERISATION, "-terms.log", "-1.0001 * terms.log")
    assert "DIFFERENT" in project.run(*arguments, code=1)


def test_a_record_that_breaks_off_within_a_step_is_compared_up_to_there(
    project: Project, recorded: RecordedRun, tmp_path: Path
) -> None:
    copy = tmp_path / "cut"
    shutil.copytree(recorded.reference, copy)
    journal = copy / JOURNAL_NAME
    lines = journal.read_bytes().splitlines(keepends=True)
    validation = next(n for n, line in enumerate(lines) if b'"step":22' in line and b"val/" in line)
    journal.write_bytes(b"".join(lines[:validation]))
    told = project.run("rerun.py", str(copy))
    assert "up to step 22 are the same to the bit; weights not compared" in told
    record = read_record(read_recorded(copy))
    assert make_plan(record, Wish()).values["trainer"]["max_steps"] == 22
    assert make_plan(record, Wish(), to_compare=False).values["trainer"]["max_steps"] is None


def test_a_run_that_took_up_another_ones_checkpoint_is_compared_from_there(
    project: Project, recorded: RecordedRun
) -> None:
    checkpoint = f"{recorded.reference}/checkpoints/last.ckpt"
    grown = [*SMALL, "trainer.max_epochs=13", f"resume={checkpoint}"]
    project.run("train.py", *grown, "trainer.checkpoint_every_n_steps=4")
    (run,) = (p for p in project.runs if "latentsweep.grown_from" in read_recorded(p).tags)
    told = project.run("rerun.py", str(run))
    assert "on record from step 133: it took up a checkpoint" in told
    assert "up to step 143 are the same to the bit, and the last weights" in told


def test_a_run_that_failed_fails_again_in_the_same_way(project: Project) -> None:
    project.run("train.py", *SMALL, "optimizer.learning_rate=1e30", code=1)
    (run,) = (p for p in project.runs if read_recorded(p).status is RunStatus.FAILED)
    told = project.run("rerun.py", str(run))
    assert "IDENTICAL" in told
    assert rerun_of(project, told).status is RunStatus.FAILED
