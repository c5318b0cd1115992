import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentsweep.tracking.recorder import RunStatus
from latentsweep.tracking.records import (
    File,
    Image,
    Metrics,
    Params,
    Record,
    Started,
    Status,
    Tags,
    from_line,
    to_line,
)

times = st.integers(0, 2**53)
steps = st.integers(-(2**53), 2**53)
texts = st.dictionaries(st.text(), st.text(), max_size=4)
records = st.one_of(
    st.builds(Started, times, st.text()),
    st.builds(Metrics, times, steps, st.dictionaries(st.text(), st.floats(allow_nan=False))),
    st.builds(Params, times, texts),
    st.builds(Tags, times, texts),
    st.builds(Image, times, st.text(), steps, st.text()),
    st.builds(File, times, st.text(), st.text()),
    st.builds(Status, times, st.sampled_from(RunStatus)),
)


@given(records)
def test_a_record_comes_back_from_its_line_unchanged(record: Record) -> None:
    line = to_line(record)
    assert line.count(b"\n") == 1
    assert from_line(line) == record


def test_nan_survives_the_line() -> None:
    record = from_line(to_line(Metrics(1, 2, {"a": math.nan, "b": -math.inf})))
    assert isinstance(record, Metrics)
    assert math.isnan(record.values["a"])
    assert record.values["b"] == -math.inf


@given(st.binary())
def test_what_is_no_record_is_refused_with_a_value_error(line: bytes) -> None:
    with pytest.raises(ValueError, match="no record"):
        from_line(line)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"[]",
        b"[" * 100_000,
        b'{"kind":"metrics"}',
        b'{"kind":"metrics","time":1,"step":9223372036854775808,"values":{"a":1.0}}',
        b'{"kind":"metrics","time":null,"step":1,"values":{"a":1.0}}',
        b'{"kind":"tags","time":1,"values":{"a":5}}',
        b'{"kind":"tags","time":1,"values":null}',
        b'{"kind":"file","time":1,"source":null,"artifact_path":"a"}',
        b'{"kind":"dataset","time":1,"name":"a","digest":"b","source":"c","profile":[]}',
        b'{"kind":"status","time":1,"status":"odd"}',
    ],
)
def test_incomplete_and_ill_typed_records_are_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match="no record"):
        from_line(line)
