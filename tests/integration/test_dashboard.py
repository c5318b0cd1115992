"""What a reviewer sees of real runs, in a real browser; pictures of it are kept."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from latentsweep.config.project import ROOT
from latentsweep.tracking.destination import write_destination
from latentsweep.tracking.journal_recorder import JournalRecorder
from latentsweep.tracking.progress import read_identity
from latentsweep.tracking.recorder import RunStatus
from latentsweep.tracking.sync import sync
from tests.ports import free_port

from .requirement import program, require_programs
from .slurm import wait_until

SMALL = (
    "data=digits",
    "batch_size=128",
    "trainer=cpu",
    "trainer.threads=1",
    "trainer.progress_bar=false",
    "tracking.system_metrics_every_seconds=1",
)
CHROMIUM = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
MOST_MS = 60_000.0  # of patience with a page, in ms: the machine may be busy


@dataclass(frozen=True)
class Reviewed:
    """Runs by the pipelines, and the dashboard that shows them.

    Attributes:
        directory: where they were run.
        link: what `make dashboard` printed.
    """

    directory: Path
    link: str

    def run_page(self, pattern: str, tab: str = "") -> str:
        (run_dir,) = self.directory.glob(pattern)
        identity = read_identity(run_dir)
        assert identity
        server = self.link.partition("/#/")[0]
        place = f"experiments/{identity.experiment_id}/runs/{identity.run_id}{tab}"
        return f"{server}/#/{place}?workflowType=machine_learning"


def pipeline(directory: Path, name: str, *overrides: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "pipelines" / name), *SMALL, *overrides],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )


def preempted_run(directory: Path) -> None:
    """The record of a run that a scheduler has stopped, without the scheduler."""
    run_dir = directory / "runs" / "taken"
    recorder = JournalRecorder(run_dir)
    recorder.tags({"mlflow.runName": "taken by the scheduler"})
    recorder.metrics({"val/elbo": -30.0}, 10)
    recorder.status(RunStatus.PREEMPTED)
    recorder.close()
    write_destination(run_dir, f"sqlite:///{directory}/mlflow.db", "latentsweep")
    assert sync([run_dir]).shipped == [run_dir]


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reviewed]:
    require_programs(["chromium"], "chromium")
    directory = tmp_path_factory.mktemp("reviewed")
    searched = pipeline(
        directory,
        "sweep.py",
        "sweep.study=searched",
        "sweep.n_trials=4",
        "sweep.workers=2",
        "trainer.max_epochs=4",
        "model.latent_size=range(2,6)",
    )
    assert searched.returncode == 0, searched.stderr
    trained = pipeline(directory, "train.py", "trainer.max_epochs=3", "model.latent_size=4")
    assert trained.returncode == 0, trained.stderr
    failed = pipeline(
        directory, "train.py", "trainer.max_epochs=1", "optimizer.learning_rate=1e20", "seed=1"
    )
    assert failed.returncode == 1, failed.stderr
    preempted_run(directory)
    log = directory / "dashboard.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "pipelines" / "dashboard.py"), "--port", str(free_port())],
            cwd=directory,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        wait_until(lambda: "Application startup complete" in log.read_text(), 120)
        link = re.search(r"dashboard: (\S+)", log.read_text())
        assert link
        yield Reviewed(directory, link[1])
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=program("chromium"), args=list(CHROMIUM)
        )
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1700, "height": 950})
    # MLflow opens a panel beside everything at a browser's first visit; this is a later one.
    context.add_init_script(
        "localStorage.setItem('mlflow.assistant.fab.autoOpenedOnFirstLoad_v1', 'true')"
    )
    expect.set_options(timeout=MOST_MS)
    made = context.new_page()
    made.set_default_timeout(MOST_MS)
    yield made
    context.close()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots are kept: of CI, among its output."""
    kept = os.environ.get("LATENTSWEEP_SCREENSHOTS")
    directory = Path(kept) if kept else tmp_path_factory.mktemp("screenshots")
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def test_run_table_by_the_printed_link(reviewed: Reviewed, page: Page, pictures: Path) -> None:
    page.goto(reviewed.link)
    expect(page.get_by_text("How to read this:")).to_be_visible()
    for column in ("status", "val/elbo", "val/reconstruction", "val/kl", "val/active_units"):
        expect(page.locator(".ag-header-cell", has_text=column).first).to_be_visible()
    for column in ("model.latent_size", "model.beta", "Dataset", "Models"):
        expect(page.locator(".ag-header-cell", has_text=column).first).to_be_visible()
    for status in ("failed", "pre-empted"):
        expect(page.get_by_role("gridcell", name=status, exact=True).first).to_be_visible()
    # A sweep's trials are folded into it.
    assert page.get_by_text("trial 0:").count() == 0
    sweep = page.locator(".ag-row", has_text="searched")
    sweep.locator("button[class*=icon-only]").first.click()
    for number in range(4):
        expect(page.get_by_text(f"trial {number}:").first).to_be_visible()
    for status in ("finished", "pruned"):
        expect(page.get_by_role("gridcell", name=status, exact=True).first).to_be_visible()
    page.screenshot(path=pictures / "run-table.png")


def test_runs_pictures_have_a_slider_over_steps(
    reviewed: Reviewed, page: Page, pictures: Path
) -> None:
    page.goto(reviewed.run_page("runs/digits*z4*", "/model-metrics"))
    expect(page.get_by_text("elbo_epoch").first).to_be_visible()
    page.mouse.move(800, 600)
    sliders = page.get_by_role("slider")
    # Charts are made as they are scrolled to; the pictures come last.
    wait_until(lambda: page.mouse.wheel(0, 1200) or sliders.count() >= 3, 60)
    for series in ("reconstructions", "samples", "traversals"):
        expect(page.get_by_text(series, exact=True)).to_be_visible()
        expect(page.locator(f"img[src*='{series}%2Bstep%2B0%2B']")).to_be_visible()
    for _ in range(2):
        sliders.first.press("ArrowRight")
    expect(page.locator("img[src*='reconstructions%2Bstep%2B22%2B']")).to_be_visible()
    page.screenshot(path=pictures / "image-grids.png")


def test_kl_is_one_heat_map_and_no_chart_a_latent(
    reviewed: Reviewed, page: Page, pictures: Path
) -> None:
    page.goto(reviewed.run_page("runs/digits*z4*", "/artifacts"))
    page.get_by_text("figures", exact=True).click()
    page.get_by_text("kl_per_latent.png").click()
    page.wait_for_function(
        "[...document.images].some(image => image.naturalWidth > 200)", timeout=MOST_MS
    )
    page.screenshot(path=pictures / "kl-heat-map.png")
    (run_dir,) = reviewed.directory.glob("runs/digits*z4*")
    charts = set(re.findall(r'"((?:train|val)/[^"]+)"', (run_dir / "journal.jsonl").read_text()))
    assert len(charts) <= 15, charts


def test_run_page_names_data_model_and_how_it_was_made(
    reviewed: Reviewed, page: Page, pictures: Path
) -> None:
    page.goto(reviewed.run_page("runs/digits*z4*"))
    expect(page.get_by_text("model.latent_size=4").first).to_be_visible()
    expect(page.get_by_text(re.compile(r"digits \([0-9a-f]{8}\)")).first).to_be_visible()
    expect(page.get_by_text("Finished").first).to_be_visible()
    page.screenshot(path=pictures / "run.png")


def test_report_of_a_sweep_works_offline(
    reviewed: Reviewed, browser: Browser, pictures: Path
) -> None:
    context = browser.new_context(viewport={"width": 1400, "height": 1000}, offline=True)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((reviewed.directory / "sweeps/searched/report.html").as_uri())
    wait_until(lambda: page.locator(".js-plotly-plot .main-svg").count() >= 4, 60)
    expect(page.locator("h1")).to_be_visible()
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    page.screenshot(path=pictures / "report.png", full_page=True)
    context.close()


def test_report_is_shown_among_the_sweeps_artifacts(
    reviewed: Reviewed, page: Page, pictures: Path
) -> None:
    page.goto(reviewed.run_page("sweeps/searched", "/artifacts"))
    page.get_by_text("report.html").click()
    frame = page.frame_locator("iframe").first
    expect(frame.locator("h1")).to_be_visible()
    expect(frame.locator(".js-plotly-plot .main-svg").first).to_be_attached()
    page.screenshot(path=pictures / "report-in-dashboard.png")
