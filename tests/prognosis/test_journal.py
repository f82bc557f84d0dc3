"""The journal: what is written is read to the last bit, what is torn is cut off, what is altered is done again."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts.errors import PrognosisWarning, RunError
from prognosis.execution import Execution, FloatNotation, TaskFailure, run_tasks
from prognosis.journal import Journal, emptied, mended, opened
from tests.prognosis.made_tasks import Counted, DiskFull, Draw, SometimesFails

KEY = "0123456789abcdef" * 4


def nothing(_: int) -> None:
    """Progress that nobody looks at."""


def journal_of(folder: Path) -> Path:
    return folder / f"{KEY}.jsonl"


@given(st.lists(st.floats(width=64), max_size=5))
def test_numbers_come_back_to_the_last_bit(values):
    array = np.array(values, float)
    back = FloatNotation().read(FloatNotation().write(array))
    assert back.tobytes() == array.tobytes()
    assert back.flags.writeable


def test_what_is_in_the_journal_is_not_done_again(tmp_path):
    marks = tmp_path / "marks"
    marks.mkdir()
    execution = Execution(journal=tmp_path / "journal")
    first = run_tasks(Counted(marks), range(3), execution, KEY, nothing)
    for mark in marks.iterdir():
        mark.unlink()
    seen: list[int] = []
    again = run_tasks(Counted(marks), range(5), execution, KEY, seen.append)
    assert sorted(mark.name for mark in marks.iterdir()) == ["3", "4"]
    assert [float(result[0]) for result in again] == [0, 1, 2, 3, 4]
    assert np.array_equal(first, again[:3])
    assert seen == [3, 4, 5]


def test_failures_are_results_and_are_kept(tmp_path):
    execution = Execution(journal=tmp_path)
    first = run_tasks(SometimesFails(), range(4), execution, KEY, nothing)
    again = run_tasks(DiskFull(), range(4), execution, KEY, nothing)
    assert first[0] == again[0] == TaskFailure("M10", "[M10] task 0 separates the events")
    assert isinstance(first[3], TaskFailure)
    assert first[1].tobytes() == again[1].tobytes() == np.array([1.0, np.nan, -0.0]).tobytes()


def test_another_question_has_another_journal(tmp_path):
    execution = Execution(journal=tmp_path)
    one = run_tasks(Draw(1), range(2), execution, KEY, nothing)
    other = run_tasks(Draw(2), range(2), execution, KEY[::-1], nothing)
    assert not np.array_equal(one, other)
    assert len(list(tmp_path.glob("*.jsonl"))) == 2
    assert emptied(tmp_path) == 2
    assert np.array_equal(run_tasks(Draw(1), range(2), execution, KEY, nothing), one)


def test_entries_of_another_question_are_not_believed(tmp_path):
    """A file that was renamed: every line is of another key."""
    run_tasks(Draw(1), range(2), Execution(journal=tmp_path), KEY[::-1], nothing)
    (tmp_path / f"{KEY[::-1]}.jsonl").rename(journal_of(tmp_path))
    with pytest.warns(PrognosisWarning, match="K06"), opened(tmp_path, KEY) as journal:
        assert journal.contents == {}


@pytest.mark.parametrize("cut", [1, 20, 90])
def test_a_torn_last_line_is_what_a_kill_leaves(tmp_path, cut):
    whole = run_tasks(Draw(1), range(4), Execution(journal=tmp_path), KEY, nothing)
    path = journal_of(tmp_path)
    before = path.read_bytes()
    path.write_bytes(before[:-cut])
    seen: list[int] = []
    again = run_tasks(Draw(1), range(4), Execution(journal=tmp_path), KEY, seen.append)
    assert seen == [3, 4]
    assert np.array_equal(whole, again)
    assert path.read_bytes() == before


def flipped(path: Path, place: int) -> None:
    raw = bytearray(path.read_bytes())
    raw[place] ^= 1
    path.write_bytes(bytes(raw))


@pytest.mark.parametrize("place", [12, 40, 70, -30])
def test_an_altered_entry_is_named_and_done_again(tmp_path, place):
    """Case K06: one bit of an entry is not what was written; the warning names the key, the result is the same."""
    execution = Execution(journal=tmp_path)
    whole = run_tasks(Draw(1), range(3), execution, KEY, nothing)
    flipped(journal_of(tmp_path), place)
    with pytest.warns(PrognosisWarning, match=rf"\[K06\].*key {KEY[:16]}.*computed again") as caught:
        again = run_tasks(Draw(1), range(3), execution, KEY, nothing)
    assert len(caught) == 1
    assert np.array_equal(whole, again)
    assert np.array_equal(whole, run_tasks(Draw(1), range(3), execution, KEY, nothing))


def test_an_altered_value_under_an_old_checksum_is_never_used(tmp_path):
    """A readable wrong value is the dangerous one: a number changed by hand."""
    run_tasks(Counted(tmp_path), [0], Execution(journal=tmp_path), KEY, nothing)
    entry = json.loads(journal_of(tmp_path).read_text())
    entry["content"] = "done " + FloatNotation().write(np.array([999.0]))
    journal_of(tmp_path).write_text(json.dumps(entry) + "\n")
    with pytest.warns(PrognosisWarning, match="task 0"):
        again = run_tasks(Counted(tmp_path), [0], Execution(journal=tmp_path), KEY, nothing)
    assert again[0][0] == 0.0


def test_a_whole_journal_can_be_checked_at_once(tmp_path):
    run_tasks(Draw(1), range(3), Execution(journal=tmp_path), KEY, nothing)
    assert mended(tmp_path) == ()
    flipped(journal_of(tmp_path), 40)
    (finding,) = mended(tmp_path)
    assert (finding.code, finding.severity) == ("K06", "warning")
    assert re.search(rf"line 1 .* key {KEY[:16]}, task 0", finding.rule)
    assert mended(tmp_path) == ()


def test_one_run_owns_a_journal(tmp_path):
    with opened(tmp_path, KEY), pytest.raises(RunError, match=r"\[J01\]"), opened(tmp_path, KEY):
        pass
    with opened(tmp_path, KEY):
        pass


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_stops_the_run_by_its_path():
    with Path("/dev/full").open("ab", buffering=0) as full, pytest.raises(RunError) as caught:
        Journal(KEY, full, {}).append(0, "done " + 100 * "x")
    assert caught.value.code == "K03"
    for words in ("/dev/full", "bytes needed", "No space left", "--resume"):
        assert words in str(caught.value)


def test_a_journal_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(RunError, match=r"\[K03\]"):
        run_tasks(Draw(1), range(3), Execution(journal=tmp_path / "file"), KEY, nothing)
