"""A recorded run again: identical, within tolerance, different, or refused."""

import os
import re
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from latentsweep.tracking.journal import JOURNAL_NAME
from latentsweep.tracking.recorded import RecordedRun, read_recorded

from .conftest import SMALL, Changed, Project

REPARAMETERISATION = "src/latentsweep/models/vae.py"


@pytest.fixture(scope="module")
def recorded(project: Project) -> RecordedRun:
    """A run of a changed tree that was killed and gone on with."""
    vae = project.root / REPARAMETERISATION
    before = vae.read_text()
    vae.write_text(before + "\n# not committed\n")
    (project.root / "src/latentsweep/new.py").write_text('"""Not known to git."""\n')
    overrides = [*SMALL, "trainer.max_epochs=6", "trainer.checkpoint_every_n_steps=4"]
    first = project.start("train.py", *overrides)
    deadline = time.monotonic() + 60
    while not any(_step(path) >= 30 for path in project.runs) and time.monotonic() < deadline:
        time.sleep(0.001)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    assert first.returncode == -signal.SIGKILL, "it was quicker than this test"
    told = project.run("train.py", *overrides)
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
    told = project.run("rerun.py", recorded.reference)
    assert "IDENTICAL" in told
    assert "are the same to the bit, and the last weights" in told
    again = rerun_of(project, told)
    assert again.metrics == recorded.metrics
    assert again.tags["rerun_of"] == recorded.uid
    assert again.tags["rerun.verdict"] == "IDENTICAL"
    assert "not committed" in (again.text("uncommitted-1.diff") or "")
    first = read_recorded(Path(recorded.reference))
    assert (first.tags["rerun.verdict"], first.tags["rerun.by"]) == ("IDENTICAL", again.uid)
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
    told = project.run("rerun.py", recorded.reference, "--steps", "7", "--code", "current")
    assert "up to step 7 are the same to the bit; weights not compared" in told
    assert rerun_of(project, told).last_step == 7


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
    assert re.search(r"│ val/elbo +│ +-[\d.]+ │ +-[\d.]+ │ +[+-][\d.]+ │", told)
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
    import json
    import shutil

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
    import shutil

    copy = tmp_path / "copied"
    shutil.copytree(recorded.reference, copy)
    for path in copy.glob(f"files/{missing}"):
        path.unlink()
    assert told in project.run("rerun.py", str(copy), code=2)


def test_a_checkout_that_a_killed_rerun_left_is_removed_by_the_next(
    project: Project, recorded: RecordedRun
) -> None:
    process = project.start("rerun.py", recorded.reference, "trainer.max_epochs=2000")
    deadline = time.monotonic() + 60
    while not list(project.root.glob(".recorded/tmp*/code/pipelines")):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert list(project.root.glob(".recorded/tmp*"))
    # Its training command goes on by itself; the project has no other process.
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(project.root / ".recorded").encode() in line.read_bytes():
                os.kill(int(line.parent.name), signal.SIGKILL)
        except OSError:
            continue
    project.run("rerun.py", recorded.reference, "--steps", "2")
    assert not list(project.root.glob(".recorded/tmp*"))
