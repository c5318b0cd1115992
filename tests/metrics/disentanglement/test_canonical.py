import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from latentsweep.errors import MetricError
from latentsweep.metrics.disentanglement.canonical import canonical_codes, canonical_factors
from latentsweep.verification.factor_grid import factor_grid, noise

LATENTS = 4


@given(
    order=st.permutations(range(LATENTS)),
    signs=st.lists(st.sampled_from([-1.0, 1.0]), min_size=LATENTS, max_size=LATENTS),
    scales=st.lists(st.floats(1e-6, 1e6), min_size=LATENTS, max_size=LATENTS),
    seed=st.integers(0, 100),
)
def test_neither_order_nor_sign_nor_scale_of_latents_is_left(
    order: list[int], signs: list[float], scales: list[float], seed: int
) -> None:
    codes = noise(50, LATENTS, seed).double()
    expected, before = canonical_codes(codes)
    changed = (codes * torch.tensor(signs) * torch.tensor(scales).double())[:, order]
    found, after = canonical_codes(changed)
    np.testing.assert_array_equal(found, expected)
    assert [order[latent] for latent in after] == before.tolist()


@given(order=st.permutations(range(3)), seed=st.integers(0, 100))
def test_the_order_of_factors_is_not_left(order: list[int], seed: int) -> None:
    factors = factor_grid(2, 3, 3, seed=seed)
    expected = canonical_factors(factors, len(factors))
    np.testing.assert_array_equal(canonical_factors(factors[:, order], len(factors)), expected)


def test_codes_have_mean_0_and_variance_1() -> None:
    codes, _ = canonical_codes(noise(200, 3) * 40 + 7)
    np.testing.assert_allclose(codes.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(codes.var(axis=0), 1, atol=1e-6)
    assert (codes[0] >= 0).all()


def test_a_latent_that_does_not_vary_is_0() -> None:
    codes = torch.cat([torch.full((50, 1), 0.7), noise(50, 1) * 1e-6], dim=1)
    canonical, order = canonical_codes(codes)
    by_latent = canonical[:, np.argsort(order)]
    assert not by_latent[:, 0].any()
    assert by_latent[:, 1].all()  # it is small, but it varies


def test_the_rounding_of_float32_is_no_variation() -> None:
    codes = torch.full((50, 1), 0.7)
    codes[::2] = torch.nextafter(codes[::2], torch.tensor(1.0))
    assert not canonical_codes(codes)[0].any()


def test_only_factors_that_vary_are_left_and_their_values_are_renumbered() -> None:
    factors = torch.tensor([[7, 5], [7, 9], [7, 5], [7, 9]])
    assert canonical_factors(factors, 4).tolist() == [[0], [1], [0], [1]]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_codes_that_are_not_finite_are_refused(value: float) -> None:
    codes = noise(10, 2)
    codes[3, 1] = value
    with pytest.raises(MetricError, match="codes of 1 of 10 points"):
        canonical_codes(codes)


@pytest.mark.parametrize(
    "codes", [torch.zeros(5), torch.zeros(5, 0), torch.zeros(0, 5), torch.zeros(5, 2).long()]
)
def test_codes_of_another_form_are_refused(codes: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=r"floating point \(n, latent\)"):
        canonical_codes(codes)


@pytest.mark.parametrize(
    "factors", [torch.zeros(5).long(), torch.zeros(4, 2).long(), torch.zeros(5, 2)]
)
def test_factors_of_another_form_are_refused(factors: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=r"whole numbers \(5, factor\)"):
        canonical_factors(factors, 5)


@pytest.mark.parametrize("factors", [torch.zeros(6, 0).long(), torch.ones(6, 2).long()])
def test_factors_that_do_not_vary_are_refused(factors: torch.Tensor) -> None:
    with pytest.raises(MetricError, match=f"0 of {factors.shape[1]} factors vary"):
        canonical_factors(factors, 6)


def test_a_value_of_one_point_alone_is_refused() -> None:
    factors = torch.tensor([[0, 0], [0, 0], [1, 1], [1, 2]])
    with pytest.raises(MetricError, match=r"factor 1 .*\n.*2 of its 3 values"):
        canonical_factors(factors, 4)
