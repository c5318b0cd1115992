import math
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

from latentsweep.tracking.journal import read_journal
from latentsweep.tracking.journal_recorder import JournalRecorder
from latentsweep.tracking.records import File, Image, Metrics, Params, Record


def records_of(run_dir: Path) -> list[Record]:
    return [record for record, _ in read_journal(run_dir / "journal.jsonl")]


def test_points_on_record_are_not_recorded_again_after_a_resume(tmp_path: Path) -> None:
    first = JournalRecorder(tmp_path)
    for step in range(4):
        first.metrics({"loss": 10.0 - step, "kl": math.nan}, step)
    first.image("prior", np.zeros((2, 2), np.uint8), 3)
    first.params({"seed": 1})
    first.close()
    before = records_of(tmp_path)

    resumed = JournalRecorder(tmp_path)
    for step in range(2, 6):
        resumed.metrics({"loss": 10.0 - step, "kl": math.nan}, step)
    resumed.image("prior", np.zeros((2, 2), np.uint8), 3)
    resumed.params({"seed": 1})
    resumed.metrics({"loss": 8.0, "other": 1.0}, 2)
    resumed.close()

    added = records_of(tmp_path)[len(before) :]
    assert [(r.step, sorted(r.values)) for r in added if isinstance(r, Metrics)] == [
        (4, ["kl", "loss"]),
        (5, ["kl", "loss"]),
        (2, ["other"]),
    ]
    assert len(added) == 3
    assert len(list((tmp_path / "images").iterdir())) == 1


def test_an_image_lies_under_the_name_that_the_dashboard_reads(tmp_path: Path) -> None:
    recorder = JournalRecorder(tmp_path)
    pixels = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    recorder.image("val/reconstruction", pixels, 7)
    record = records_of(tmp_path)[-1]
    assert isinstance(record, Image)
    parts = record.name.split("+")
    assert parts[:5] == ["val~reconstruction", "step", "7", "timestamp", str(record.time)]
    with Picture.open(tmp_path / "images" / f"{record.name}.png") as picture:
        assert np.array_equal(np.asarray(picture), pixels)


@pytest.mark.parametrize(
    ("key", "pixels"),
    [
        ("a:b", np.zeros((2, 2), np.uint8)),
        ("a", np.zeros((2, 2), np.float32)),
        ("a", np.zeros((2, 2, 4), np.uint8)),
    ],
)
def test_images_that_the_dashboard_cannot_show_are_refused(
    tmp_path: Path, key: str, pixels: np.ndarray
) -> None:
    with pytest.raises(ValueError, match="image"):
        JournalRecorder(tmp_path).image(key, pixels, 0)


def test_a_figure_drawn_again_replaces_the_file_and_is_recorded_again(tmp_path: Path) -> None:
    from matplotlib.figure import Figure

    recorder = JournalRecorder(tmp_path)
    sizes = []
    for points in ([1, 2], [1, 9, 3, 7, 5]):
        figure = Figure()
        figure.subplots().plot(points)
        recorder.figure("curve.png", figure)
        sizes.append((tmp_path / "figures/curve.png").stat().st_size)
    assert sizes[0] != sizes[1]
    files = [record for record in records_of(tmp_path) if isinstance(record, File)]
    assert [(f.source, f.artifact_path) for f in files] == [("figures/curve.png",) * 2] * 2


def test_a_file_inside_the_run_directory_is_not_copied_and_one_outside_is(tmp_path: Path) -> None:
    run_dir = tmp_path / "run"
    recorder = JournalRecorder(run_dir)
    inside, outside = run_dir / "last.ckpt", tmp_path / "outside.txt"
    inside.write_text("in")
    outside.write_text("out")
    recorder.file(inside, "checkpoints/best.ckpt")
    recorder.file(outside, "notes/outside.txt")
    recorder.text("notes/config.yaml", "seed: 1\n")
    outside.unlink()
    files = [record for record in records_of(run_dir) if isinstance(record, File)]
    assert [(f.source, f.artifact_path) for f in files] == [
        ("last.ckpt", "checkpoints/best.ckpt"),
        ("files/notes/outside.txt", "notes/outside.txt"),
        ("files/notes/config.yaml", "notes/config.yaml"),
    ]
    assert [(run_dir / f.source).read_text() for f in files] == ["in", "out", "seed: 1\n"]


@pytest.mark.parametrize("path", ["/etc/x", "../x", "a/../../x", ""])
def test_artifact_paths_that_lead_out_are_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(ValueError, match="relative path"):
        JournalRecorder(tmp_path).text(path, "x")


def test_params_are_recorded_once_and_as_text(tmp_path: Path) -> None:
    recorder = JournalRecorder(tmp_path)
    recorder.params({"a": 1, "b": None, "c": [1, 2]})
    recorder.params({"a": 1, "d": 0.5})
    values = [record.values for record in records_of(tmp_path) if isinstance(record, Params)]
    assert values == [{"a": "1", "b": "None", "c": "[1, 2]"}, {"d": "0.5"}]


def test_threads_do_not_mix_their_lines(tmp_path: Path) -> None:
    recorder = JournalRecorder(tmp_path)

    def record(name: str) -> None:
        for step in range(200):
            recorder.metrics({name: float(step)}, step)

    threads = [threading.Thread(target=record, args=(f"m{index}",)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    points = [
        (name, record.step)
        for record in records_of(tmp_path)
        if isinstance(record, Metrics)
        for name in record.values
    ]
    assert sorted(points) == sorted((f"m{i}", step) for i in range(4) for step in range(200))


FULL_DISK = """
import resource, sys
from pathlib import Path
from latentsweep.errors import StorageError
from latentsweep.tracking.journal_recorder import JournalRecorder
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, resource.RLIM_INFINITY))
recorder = JournalRecorder(Path(sys.argv[1]))
try:
    for step in range(1000):
        recorder.metrics({"train/loss": 1.5}, step)
except StorageError as error:
    resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))
    recorder.metrics({"train/loss": 1.5}, step)
    print(step, error)
"""


def test_a_disk_that_takes_no_more_is_told_with_the_mend_and_leaves_whole_lines(
    tmp_path: Path, child_environment: dict[str, str]
) -> None:
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path)]
    done = subprocess.run(
        command, env=child_environment, capture_output=True, text=True, check=True
    )
    failed_at = int(done.stdout.split()[0])
    assert f"cannot write {tmp_path / 'journal.jsonl'}" in done.stdout
    assert "File too large" in done.stdout
    assert "mend:     raise the file size limit" in done.stdout
    steps = [record.step for record in records_of(tmp_path) if isinstance(record, Metrics)]
    assert steps == list(range(failed_at + 1))
