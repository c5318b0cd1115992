"""A whole run and its export where there is no MLflow at all."""

import os
import subprocess
import sys
from pathlib import Path

from latentsweep.config.project import ROOT

from .conftest import SMALL


def test_a_run_is_trained_exported_and_told_of_without_mlflow(tmp_path: Path) -> None:
    absent = tmp_path / "absent" / "mlflow"
    absent.mkdir(parents=True)
    (absent / "__init__.py").write_text("raise ImportError('there is no mlflow here')\n")
    environment = {**os.environ, "PYTHONPATH": str(absent.parent)}

    def run(name: str, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, str(ROOT / "pipelines" / name), *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "ELBO" in run("train.py", *SMALL, "tracking.log_model=true")
    (run_dir,) = tmp_path.glob("runs/*/")
    assert (run_dir / "model" / "encode.pt2").exists()
    for form in ("csv", "parquet"):
        assert f"metrics.{form}" in run("export.py", str(run_dir), "--format", form)
    assert (run_dir / "export" / "metrics.csv").read_text().startswith("metric,step,value,time_ms")


def test_a_validation_split_of_one_image_is_no_reason_to_fail(tmp_path: Path) -> None:
    import numpy as np

    np.save(tmp_path / "few.npy", np.random.default_rng(0).random((12, 8, 8), dtype=np.float32))
    overrides = [text for text in SMALL if not text.startswith(("data=", "batch_size"))]
    few = ["data=arrays", "data.path=few.npy", "batch_size=4", "tracking.log_model=true"]
    done = subprocess.run(
        [sys.executable, str(ROOT / "pipelines" / "train.py"), *overrides, *few],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "was not exported" not in done.stderr
    assert list(tmp_path.glob("runs/*/model/encode.pt2"))
