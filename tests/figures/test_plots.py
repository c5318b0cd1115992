import io
from math import nan

import numpy as np
import pytest
from PIL import Image

from latentsweep.figures.against_weight import AtWeight, against_weight
from latentsweep.figures.coloured_points import class_names
from latentsweep.figures.correlations import correlations
from latentsweep.figures.factor_shades import Factor, shades
from latentsweep.figures.kl_bars import kl_bars
from latentsweep.figures.latent_map import latent_map
from latentsweep.figures.rate_distortion import RatePoint, rate_distortion
from tests.figures.table import read


def test_bars_fall_and_their_table_holds_also_the_latents_without_one() -> None:
    kl = np.random.default_rng(0).random(100)
    drawn = kl_bars(kl)
    axes = drawn.figure.axes[0]
    rows = read(drawn)
    assert [row["kl"] for row in rows] == sorted(kl.tolist(), reverse=True)
    assert [bar.get_width() for bar in axes.patches] == [row["kl"] for row in rows[:16]]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == [f"z{row['latent']:.0f}" for row in rows[:16]]
    assert axes.get_title(loc="left").endswith("(16 of 100)")
    assert f"{sum(kl):.2f}" in axes.get_title(loc="right")


def test_bar_of_an_unknown_kl_says_so() -> None:
    drawn = kl_bars([nan, 1.0])
    assert [text.get_text() for text in drawn.figure.axes[0].texts] == ["1.00", "nan"]
    drawn.png()


def test_rate_distortion_draws_its_table() -> None:
    points = [
        RatePoint(2.0, 90.0, "a", "first", (1.0, 3.0), (80.0, 99.0)),
        RatePoint(5.0, 70.0, "b", "first"),
        RatePoint(1 / 3, 100.0, "c", "second"),
    ]
    drawn = rate_distortion(points, ([0.0, 4.0], [110.0, 75.0]))
    rows = read(drawn)
    pairs = [[row["rate"], row["distortion"]] for row in rows]
    axes = drawn.figure.axes[0]
    found = [line.get_xydata().tolist() for line in axes.lines]
    assert pairs[1::-1] in found
    assert pairs[2:3] in found
    assert pairs[3:] in found
    assert [row["series"] for row in rows] == ["model"] * 3 + ["ppca"] * 2
    ends = [tuple(row[name] for name in drawn.columns[5:]) for row in rows[:1]]
    assert ends == [(1.0, 3.0, 80.0, 99.0)]
    bars = [bar for group in axes.collections for bar in group.get_segments() if len(bar)]
    assert np.allclose(bars, [[[1, 90], [3, 90]], [[2, 80], [2, 99]]])
    assert {"a", "b", "c"} <= {text.get_text() for text in axes.texts}


def test_rate_plus_distortion_is_minus_elbo_on_a_diagonal() -> None:
    drawn = rate_distortion([RatePoint(0.0, 100.0), RatePoint(20.0, 60.0)])
    axes = drawn.figure.axes[0]
    diagonals = [line.get_xydata() for line in axes.lines if line.get_zorder() == 0]
    sums = [line.sum(1) for line in diagonals]
    assert len(sums) >= 3
    named = {float(text.get_text().replace("\N{MINUS SIGN}", "-")) for text in axes.texts}
    assert named == {-total[0] for total in sums}
    assert all(total[0] == pytest.approx(total[1]) for total in sums)


def test_diagonals_that_would_look_level_are_not_drawn() -> None:
    drawn = rate_distortion([RatePoint(10.0, -1600.0), RatePoint(15.0, -4000.0)])
    axes = drawn.figure.axes[0]
    assert not [line for line in axes.lines if line.get_zorder() == 0]
    assert axes.get_title(loc="right") == ""


def test_models_of_different_groups_are_not_joined_and_have_bars_only_where_known() -> None:
    points = [
        RatePoint(5.0, 70.0, "vae", "vae"),
        RatePoint(4.0, 90.0, "pPCA", "pPCA", (3.0, 5.0), (80.0, 99.0)),
    ]
    axes = rate_distortion(points).figure.axes[0]
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names == ["vae", "pPCA"]
    assert [len(bars.get_segments()) for bars in axes.collections] == [1, 1]
    drawn = [line for line in axes.lines if line.get_markersize() == 7]
    assert [line.get_linestyle() for line in drawn] == ["None", "None"]


def test_many_labels_at_one_place_do_not_cover_each_other() -> None:
    points = [RatePoint(10.0 + i / 100, 100.0, f"label {i}") for i in range(40)]
    drawn = rate_distortion([*points, RatePoint(0.0, 150.0)])
    drawn.png()
    axes = drawn.figure.axes[0]
    boxes = [text.get_window_extent() for text in axes.texts if "label" in text.get_text()]
    assert 1 <= len(boxes) < 40
    assert all(box.count_overlaps(boxes) == 1 for box in boxes)


@pytest.mark.parametrize("points", [[], [RatePoint(nan, 3.0, "a")], [RatePoint(0.0, 3.0, "a")]])
def test_rate_distortion_of_few_or_unknown_points_is_drawn(points) -> None:
    assert rate_distortion(points).png()


def test_metrics_against_weight_draw_their_table() -> None:
    settings = [
        AtWeight(4.0, [0.1, 0.3], 0.2, 0.05, 0.35, "a"),
        AtWeight(1.0, [0.5], 0.5, nan, nan, "a"),
        AtWeight(1.0, [0.6, 0.8], 0.7, 0.4, 1.0, "b"),
    ]
    drawn = against_weight({"MIG": settings})
    axes = drawn.figure.axes[0]
    rows = read(drawn)
    assert axes.get_xscale() == "log"
    for group in "ab":
        mine = [row for row in rows if row["group"] == group]
        means = [[row["weight"], row["value"]] for row in mine if row["what"] == "mean"]
        seeds = [
            [row["weight"], row["value"]]
            for row in mine
            if row["what"] == "seed" and not (group == "a" and row["weight"] == 1)
        ]
        found = [line.get_xydata().tolist() for line in axes.lines]
        assert means in found
        assert seeds in found
        assert means == sorted(means)
    bars = [bar for group in axes.collections for bar in group.get_segments() if len(bar)]
    assert len(bars) == 2
    assert np.allclose(bars, [[[4.0, 0.05], [4.0, 0.35]], [[1.0, 0.4], [1.0, 1.0]]])
    low, high = axes.get_ylim()
    assert low < 0.05
    assert high > 1.0


def test_weight_of_zero_stands_on_the_logarithmic_axis() -> None:
    drawn = against_weight({"ELBO": [AtWeight(w, [w], w, nan, nan) for w in (0.0, 1.0, 8.0)]})
    axes = drawn.figure.axes[0]
    places = axes.transData.transform([(weight, 0) for weight in (0, 1, 8)])[:, 0]
    assert list(places) == sorted(places)
    assert axes.get_xlim()[0] < 0 < axes.get_xlim()[1]
    assert drawn.png()


def test_correlations_draw_and_write_their_table() -> None:
    matrix = [[1.0, -0.256, nan], [0.3, 0.9, -1.0]]
    drawn = correlations(matrix, ["z0", "z1"], ["shape", "scale", "hue"])
    axes = drawn.figure.axes[0]
    shown = axes.images[0]
    assert np.allclose(np.ma.filled(shown.get_array(), nan), matrix, equal_nan=True)
    assert shown.get_clim() == (-1, 1)
    written = [text.get_text().replace("\N{MINUS SIGN}", "-") for text in axes.texts]
    assert written == ["1.00", "-0.26", "-", "0.30", "0.90", "-1.00"]
    cells = [(row["row"], row["column"]) for row in read(drawn)]
    assert cells[:2] == [("z0", "shape"), ("z0", "scale")]
    assert np.allclose(
        [row["correlation"] for row in read(drawn)], np.ravel(matrix), equal_nan=True
    )


def test_large_correlations_are_not_written_and_fit_the_page() -> None:
    names = [f"z{latent}" for latent in range(100)]
    drawn = correlations(np.eye(100), names, names)
    assert not drawn.figure.axes[0].texts
    assert drawn.figure.get_figwidth() <= 9


@pytest.mark.parametrize("dots_per_inch", [100, 130])
def test_long_names_of_factors_are_whole_at_each_resolution(dots_per_inch) -> None:
    names = ["shape", "scale", "orientation", "x", "y"]
    title = "Correlation of latents with factors"
    drawn = correlations(np.zeros((3, 5)), ["z2", "z1", "z0"], names, title=title)
    png = drawn.png(dots_per_inch)
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("L"))
    assert pixels.shape[1] == int(drawn.figure.get_figwidth() * dots_per_inch)
    for edge in (pixels[:2], pixels[-2:], pixels[:, :2], pixels[:, -2:]):
        assert (edge == 255).all()


def test_correlations_without_a_name_each_are_refused() -> None:
    with pytest.raises(ValueError, match="1 x 2 names"):
        correlations(np.eye(2), ["z0"], ["z0", "z1"])


def test_map_shows_the_two_latents_with_most_kl_by_class() -> None:
    codes = np.random.default_rng(0).normal(size=(60, 4))
    classes = [f"class {number % 3}" for number in range(60)]
    drawn = latent_map(codes, [0.1, 2.0, nan, 3.0], classes=classes)
    assert drawn.columns == ["z3", "z1", "class"]
    axes = drawn.figure.axes[0]
    rows = read(drawn)
    assert len(axes.collections) == 3
    for points in axes.collections:
        mine = [[row["z3"], row["z1"]] for row in rows if row["class"] == points.get_label()]
        assert np.asarray(points.get_offsets()).tolist() == mine
    labels = {text.get_text() for text in axes.texts}
    assert labels <= set(classes)


def test_map_shades_by_factor() -> None:
    codes, factor = np.random.default_rng(0).normal(size=(20, 2)), np.arange(20) / 3
    drawn = latent_map(codes, [2.0, 1.0], factor=Factor("scale", factor))
    points = drawn.figure.axes[0].collections[0]
    assert np.asarray(points.get_array()).tolist() == [row["scale"] for row in read(drawn)]
    assert drawn.png()


def test_map_of_three_latents_has_a_panel_for_each_pair() -> None:
    codes = np.random.default_rng(0).normal(size=(30, 3))
    drawn = latent_map(codes, [1.0, 3.0, 2.0], factor=Factor("x", np.arange(30)))
    assert drawn.columns == ["z1", "z2", "z0", "x"]
    rows = read(drawn)
    pairs = [("z1", "z2"), ("z1", "z0"), ("z2", "z0")]
    assert len(drawn.figure.axes) == 3
    for axes, pair in zip(drawn.figure.axes, pairs, strict=True):
        assert (axes.get_xlabel()[:2], axes.get_ylabel()[:2]) == pair
        shown = np.asarray(axes.collections[0].get_offsets()).tolist()
        assert shown == [[row[name] for name in pair] for row in rows]


def test_map_says_whose_it_is_and_which_latents_of_how_many_it_shows() -> None:
    codes = np.random.default_rng(0).normal(size=(30, 4))
    drawn = latent_map(codes, [1.0, 3.0, 2.0, 0.0], name="ae", has_prior=False)
    title = drawn.figure.axes[0].get_title(loc="left")
    assert title == "ae: codes in z1 and z2, of its 4 latents those with most variance"
    assert drawn.told == "The codes of 30 images by ae, as points over z1 and z2."


def test_few_values_of_a_factor_have_a_colour_and_a_tick_each() -> None:
    scale = shades(Factor("shape", [0, 2, 1, 1, 5]))
    assert scale.ticks == [0, 1, 2, 5]
    colours = {tuple(scale.colours(scale.norm(value))) for value in scale.ticks}
    assert len(colours) == 4
    codes = np.random.default_rng(0).normal(size=(5, 2))
    drawn = latent_map(codes, [2.0, 1.0], factor=Factor("shape", [0, 2, 1, 1, 5]))
    (bar,) = drawn.figure.axes[0].child_axes
    assert list(bar.get_yticks()) == [0, 1, 2, 5]


@pytest.mark.parametrize(("values", "period"), [(range(40), 39), (range(10), 10)])
def test_circular_factor_has_the_colours_of_a_circle(values, period) -> None:
    scale = shades(Factor("orientation", list(values), period))
    places = [place for place in values if place < period]
    colours = [np.array(scale.colours(scale.norm(value))) for value in places]
    steps = [np.abs(a - b).max() for a, b in zip(colours, colours[1:] + colours[:1], strict=True)]
    assert 0 < max(steps) < 0.6
    if period in values:
        assert np.allclose(scale.colours(scale.norm(period)), colours[0])


def test_classes_are_named_in_the_order_of_their_numbers() -> None:
    assert class_names(["10", "2", "2", "1"]) == ["1", "2", "10"]


@pytest.mark.parametrize("kind", ["classes", "factor", "none"])
def test_map_of_one_latent_is_a_line_of_codes(kind) -> None:
    codes = np.random.default_rng(0).normal(size=(30, 1))
    given = {
        "classes": {"classes": ["a", "b"] * 15},
        "factor": {"factor": Factor("x", range(30))},
        "none": {},
    }
    drawn = latent_map(codes, [1.0], **given[kind])
    assert drawn.columns[0] == "z0"
    found = np.concatenate([points.get_offsets() for points in drawn.figure.axes[0].collections])
    assert sorted(found[:, 0]) == sorted(row["z0"] for row in read(drawn))
    assert drawn.png()


def test_map_of_many_classes_and_unknown_codes_is_drawn() -> None:
    codes = np.random.default_rng(0).normal(size=(300, 2))
    codes[::7] = nan
    drawn = latent_map(codes, [1.0, 2.0], classes=[f"class {i % 100}" for i in range(300)])
    assert drawn.figure.axes[0].get_legend() is None
    assert drawn.png()
