import csv
import io
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import torch
from matplotlib.figure import Figure

from latentsweep.figures.correlations import correlations
from latentsweep.figures.drawn import Drawn
from latentsweep.figures.kl_bars import kl_bars
from latentsweep.figures.kl_heatmap import kl_heatmap
from latentsweep.figures.latents import falling, latent_name
from latentsweep.figures.rate_distortion import RatePoint, rate_distortion
from latentsweep.figures.style import mark
from latentsweep.figures.traversals import traversals
from latentsweep.figures.two_runs import two_runs
from tests.figures.linear_model import LinearModel


def test_no_figure_changes_the_global_settings() -> None:
    before = dict(mpl.rcParams)
    kl_bars([1.0, 2.0]).png()
    correlations(np.eye(2), ["a", "b"], ["a", "b"]).png()
    rate_distortion([RatePoint(1.0, 2.0, "a", "b")]).png()
    traversals(LinearModel((1, 8, 8), 2), torch.rand(1, 8, 8), torch.ones(2)).png()
    kl_heatmap([[1.0, 2.0]], [1])
    two_runs(["a"], {"a": {1: 1.0}}, {})
    assert dict(mpl.rcParams) == before


def test_neither_style_nor_figures_import_matplotlib_before_they_draw() -> None:
    script = (
        "import sys, latentsweep.figures.latent_map, latentsweep.figures.rate_distortion,"
        "latentsweep.figures.traversals; assert 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_a_hundred_and_ten_groups_have_marks_of_their_own() -> None:
    marks = {(mark(number).colour, mark(number).marker) for number in range(110)}
    assert len(marks) == 110


def test_ten_groups_share_neither_colour_nor_marker() -> None:
    marks = [mark(number) for number in range(10)]
    assert len({each.colour for each in marks}) == 10
    assert len({each.marker for each in marks}) == 10


def test_neighbouring_groups_differ_in_colour_marker_and_dashes() -> None:
    for number in range(10):
        one, next_one = mark(number), mark(number + 1)
        assert one.colour != next_one.colour
        assert one.marker != next_one.marker
        assert one.dashes != next_one.dashes


def test_latents_fall_with_equal_ones_in_order_and_unknown_ones_last() -> None:
    assert falling([1.0, float("nan"), 3.0, 1.0]) == [2, 0, 3, 1]
    assert latent_name(3, 2.414) == "z3  2.41 nats"
    assert latent_name(3, 241.4, has_prior=False) == "z3  var. 241"


def test_table_keeps_all_digits_and_quotes_names() -> None:
    third = 1 / 3
    text = Drawn(Figure(), ["name", "value"], [["a, b", third], ["c", float("nan")]], "").csv()
    rows = list(csv.reader(io.StringIO(text)))
    assert rows == [["name", "value"], ["a, b", repr(third)], ["c", "nan"]]
    assert text.endswith("\n")
    assert "\r" not in text
