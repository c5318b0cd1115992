import numpy as np
import pytest
from scipy import stats

from latentsweep.comparison.findings import find


def scores(**columns: list[float]) -> dict[str, dict[int, dict[str, float]]]:
    """`model__metric=[a number a seed]` as scores by model and seed."""
    found: dict[str, dict[int, dict[str, float]]] = {}
    for name, values in columns.items():
        model, _, metric = name.partition("__")
        for seed, value in enumerate(values):
            found.setdefault(model, {}).setdefault(seed, {})[metric] = value
    return found


def test_pairs_are_tested_by_seed_and_corrected_together() -> None:
    drawn = np.random.default_rng(0)
    shared = 4 * drawn.normal(size=5)  # the seeds' own difficulty, which pairs take out
    a, b = shared + 1, shared + drawn.normal(0, 0.1, size=5)
    c, d = drawn.normal(size=5), drawn.normal(size=5)
    findings = find(
        scores(ae__mse=list(a), vae__mse=list(b), ae__ssim=list(c), vae__ssim=list(d)),
        densities=True,
    )
    mse, ssim = findings
    sure = stats.ttest_rel(a, b).pvalue
    assert mse.differences[0].p == pytest.approx(2 * sure)  # the smaller of two tests
    assert mse.differences[0].is_significant
    assert stats.ttest_ind(a, b).pvalue > 0.05  # unpaired it would have been missed
    assert ssim.differences[0].p == pytest.approx(stats.ttest_rel(c, d).pvalue)


def test_the_sentence_tells_both_what_is_significant_and_what_is_not() -> None:
    (mse,) = find(
        scores(
            ae__mse=[1.0, 1.1, 1.2, 1.0, 1.1],
            vae__mse=[2.0, 2.11, 2.19, 2.0, 2.1],
            iwae__mse=[2.01, 2.09, 2.2, 1.99, 2.12],
        ),
        densities=True,
    )
    told = mse.sentence()
    assert "significant: ae is below vae by 1.00000" in told
    assert "not significant: vae and iwae" in told


def test_a_metric_that_one_model_lacks_is_compared_among_the_others() -> None:
    found = scores(vae__kl=[1.0, 2.0], iwae__kl=[1.0, 3.0])
    found["ae"] = {0: {}, 1: {}}
    (kl,) = find(found, densities=True)
    assert list(kl.intervals) == ["vae", "iwae"]
    assert len(kl.differences) == 1


def test_nats_of_densities_stand_beside_no_probabilities() -> None:
    found = scores(vae__nll=[1.0, 2.0], iwae__nll=[1.5, 2.5])
    found["vae"][0]["ppca/nll"] = -100.0
    (densities,), (probabilities,) = (find(found, densities=each) for each in (True, False))
    assert densities.baselines == {"pPCA": -100.0}
    assert probabilities.baselines == {}


def test_counts_without_spread_are_not_tested_and_keep_their_decimals() -> None:
    found = scores(
        ae__active_units=[10.0, 10.0],
        vae__active_units=[10.0, 10.0],
        beta__active_units=[9.0, 10.0],
        ae__mse=[1.0, 1.1],
        vae__mse=[1.2, 1.4],
        beta__mse=[1.0, 1.3],
    )
    mse, units = find(found, densities=True)
    told = units.sentence()
    assert "not tested, since all seeds differ by the same: ae and vae" in told
    assert "not significant: ae and beta (p = " in told
    assert units.intervals["beta"].mean == pytest.approx(9.5)
    assert units.digits == 1
    raw = stats.ttest_rel([1.0, 1.1], [1.2, 1.4]).pvalue
    smallest = min(each.p for each in mse.differences)
    assert smallest == pytest.approx(min(1.0, 5 * raw))  # of three tests and two, not of six
