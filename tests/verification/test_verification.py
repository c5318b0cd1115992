"""The table on the terminal and as a page, and what a verification ends with."""

from collections.abc import Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from latentsweep.verification.claim import Claim, Found, NotRunError
from latentsweep.verification.outcome import Outcome, verify
from latentsweep.verification.report import HEADINGS, cells, page, terminal_table
from latentsweep.verification.verification import run_verification

from .made_up import claim


def absent(_: Path) -> Found:
    raise NotRunError("its data is not here")


def broken(_: Path) -> Found:
    raise RuntimeError("no such thing\nfurther down")


AGREES = claim(10.26, name="agrees", standard_error=0.123, note="a remark")
DIFFERS = claim(12.0, name="differs")
BROKEN = replace(claim(0.0, name="broken"), measure=broken)
ABSENT = replace(claim(0.0, name="absent"), measure=absent)
LONG = replace(claim(10.0, name="long"), full=True)
ALL = (AGREES, DIFFERS, BROKEN, ABSENT, LONG)


def outcomes(claims: Sequence[Claim] = ALL) -> list[Outcome]:
    return verify(claims, full=False, directories=lambda _: Path("x"), tell=lambda _: None)


def run(claims: Sequence[Claim], output: Path | None) -> int:
    return run_verification(claims, full=False, output=output, command="make verify")


def page_rows(text: str) -> list[tuple[str, ...]]:
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    rows = [line.replace("\\|", "\0").strip("|").split("|") for line in lines]
    return [tuple(cell.strip().replace("\0", "|") for cell in row) for row in rows]


def printed(found: Sequence[Outcome], width: int) -> str:
    text = StringIO()
    Console(file=text, width=width).print(terminal_table(found))
    return text.getvalue()


def test_a_row_that_differs_makes_it_fail_and_is_written(tmp_path: Path) -> None:
    output = tmp_path / "docs" / "page.md"
    assert run([AGREES, DIFFERS], output) == 1
    rows = page_rows(output.read_text())
    assert rows[2][3:7] == ("10", "10.26 +- 0.12", "+- 1", "agrees")
    assert rows[3][3:7] == ("10", "12", "+- 1", "DIFFERS")


def test_a_row_that_raises_makes_it_fail_and_is_written(tmp_path: Path) -> None:
    assert run([BROKEN, AGREES], tmp_path / "page.md") == 1
    text = (tmp_path / "page.md").read_text()
    assert page_rows(text)[2][3:7] == ("10", "-", "+- 1", "FAILED")
    assert page_rows(text)[3][6] == "agrees"
    assert "broken: RuntimeError: no such thing" in text
    assert "further down" not in text


def test_rows_that_were_not_run_are_said_loudly_and_are_no_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([AGREES, ABSENT, LONG], tmp_path / "page.md") == 0
    told = capsys.readouterr().out
    assert "not run: absent, long" in told
    assert "absent: its data is not here" in told
    rows = page_rows((tmp_path / "page.md").read_text())
    assert [row[6] for row in rows[2:]] == ["agrees", "not run", "not run (FULL=1)"]
    assert [row[4] for row in rows[3:]] == ["-", "-"]


def test_the_page_has_the_rows_that_are_printed() -> None:
    found = outcomes()
    rows = page_rows(page(found, {"date": "today"}, "make verify"))
    assert rows[0] == HEADINGS
    assert rows[2:] == [cells(each) for each in found]
    wide = printed(found, 400)
    for each in found:
        for cell in cells(each):
            for part in cell.replace(" (", "\0(").replace(" +- ", "\0+- ").split("\0"):
                assert part in wide, part


def test_the_table_fits_80_columns_with_its_numbers_whole() -> None:
    narrow = printed(outcomes(), 80)
    assert max(map(len, narrow.splitlines())) <= 80
    for number in ("10.26", "+- 0.12", "DIFFERS", "FAILED", "(FULL=1)"):
        assert number in narrow


def test_the_page_says_when_on_what_and_with_which_versions(tmp_path: Path) -> None:
    run([AGREES], tmp_path / "page.md")
    text = (tmp_path / "page.md").read_text()
    for line in ("- date: 20", "scikit-learn ", "torch ", "numpy ", " cores", "- GPU: "):
        assert line in text
    assert "- result: agrees: 1; 1 rows in 0 s" in text


def test_without_a_page_an_older_one_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([AGREES], None) == 0
    assert "written" not in capsys.readouterr().out
    assert not list(tmp_path.iterdir())
