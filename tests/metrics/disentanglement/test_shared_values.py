import numpy as np

from latentsweep.metrics.disentanglement.shared_values import SharedValues

FACTOR = np.array([2, 0, 1, 0, 2, 2, 1, 0])


def test_partners_are_other_points_with_the_same_value_all_equally_often() -> None:
    points = np.zeros(8000, np.int64) + np.arange(8).repeat(1000)
    partners = SharedValues(FACTOR).partners(points, np.random.default_rng(0))
    assert (FACTOR[partners] == FACTOR[points]).all()
    assert (partners != points).all()
    of_point_1 = partners[points == 1]
    assert set(of_point_1) == {3, 7}
    assert abs(np.mean(of_point_1 == 3) - 0.5) < 0.06


def test_companions_are_points_with_the_same_value_all_equally_often() -> None:
    companions = SharedValues(FACTOR).companions(np.array([4, 6]), 3000, np.random.default_rng(0))
    assert companions.shape == (2, 3000)
    assert set(companions[0]) == {0, 4, 5}
    assert set(companions[1]) == {2, 6}
    assert abs(np.mean(companions[0] == 4) - 1 / 3) < 0.04
