from threadpoolctl import threadpool_info

from latentsweep.metrics.disentanglement.one_thread import in_one_thread


def threads() -> dict[str, int]:
    return {pool["filepath"]: pool["num_threads"] for pool in threadpool_info()}


def test_a_metric_has_one_thread_and_others_have_theirs_back() -> None:
    import sklearn.ensemble  # noqa: F401

    before = threads()
    assert set(in_one_thread(threads)().values()) == {1}
    assert threads() == before
