"""Ids never become paths: every name is a slug or a hash, and no two patients share one."""

from __future__ import annotations

from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts.errors import DataContractError
from reports.filenames import DEVICES, ID_LIMIT, SLUG, file_name, file_names, id_digest


@pytest.mark.parametrize("patient", ["MM-0412", "00123", "a", "A_b.c-9", "x" * 64])
def test_a_safe_id_is_its_own_name(patient: str) -> None:
    assert file_name(patient) == patient


@pytest.mark.parametrize(
    "patient",
    [
        "../../x",
        "/etc/passwd",
        "a/b",
        "a\\b",
        "a\x00b",
        "x" * 300,
        "CON",
        "con.txt",
        "LPT1",
        "aux",
        ".hidden",
        "a.",
        " a",
        "王芳",
        "a b",
        "~root",
        "-rf",
        "a\nb",
        "C:x",
        "�",
        "x" * 65,
    ],
)
def test_r01_an_unsafe_id_becomes_a_hash(patient: str, tmp_path: Path) -> None:
    name = file_name(patient)
    assert name == f"patient-{id_digest(patient)}"
    assert len(name) == 28
    assert (tmp_path / f"{name}.pdf").resolve().parent == tmp_path.resolve()


@given(st.text(min_size=1, max_size=80))
def test_r01_every_name_stays_inside_its_folder(patient: str) -> None:
    name = file_name(patient)
    assert SLUG.fullmatch(name)
    assert len(name) <= 64
    assert name.split(".")[0].casefold() not in DEVICES
    assert Path(name).name == name
    assert PureWindowsPath(name).name == name
    assert name == patient or patient not in name or SLUG.fullmatch(patient)


def test_different_ids_have_different_hashes() -> None:
    assert len({file_name(f"a/{k}") for k in range(500)}) == 500


@pytest.mark.parametrize(("first", "second"), [("MM-1", "mm-1"), ("a", "a"), ("a/b", f"patient-{id_digest('a/b')}")])
def test_r02_two_ids_of_one_file_are_an_error_that_names_both(first: str, second: str) -> None:
    with pytest.raises(DataContractError) as caught:
        file_names(["other", first, second])
    assert caught.value.code == "R02"
    assert repr(first) in str(caught.value)
    assert repr(second) in str(caught.value)


def test_r02_all_collisions_are_named_together() -> None:
    with pytest.raises(DataContractError) as caught:
        file_names(["a", "A", "b", "B"])
    assert [finding.rows for finding in caught.value.findings] == [("a", "A"), ("b", "B")]


def test_names_of_a_batch_are_a_mapping() -> None:
    assert file_names(["x1", "../x"]) == {"x1": "x1", "../x": file_name("../x")}


@pytest.mark.parametrize("patient", ["x" * (ID_LIMIT + 1), "x" * 100_000, ""])
def test_r07_length(patient: str) -> None:
    with pytest.raises(DataContractError, match="length") as caught:
        file_name(patient)
    assert caught.value.code == "R07"
    assert len(str(caught.value)) < 400


def test_r07_the_longest_allowed_id() -> None:
    assert file_name("x" * ID_LIMIT).startswith("patient-")
