"""Foreign packages of the same name are refused by path; formulas go out as text and come back unchanged."""

from __future__ import annotations

import subprocess
import sys
import types
from importlib.machinery import ModuleSpec
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cohorts
from cohorts import check_neighbours, neutralise
from cohorts.export import restore


def package(folder, name, content=""):
    (folder / name).mkdir()
    (folder / name / "__init__.py").write_text(content, encoding="utf-8")


def test_our_neighbours_are_welcome():
    check_neighbours(cohorts.__file__, "prognosis", "reports", "no_such_package_anywhere")


def test_a_findable_intruder_is_named_and_not_imported(tmp_path, monkeypatch):
    package(tmp_path, "intruding_room", "raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ImportError, match=str(tmp_path / "intruding_room")):
        check_neighbours(cohorts.__file__, "intruding_room")
    assert "intruding_room" not in sys.modules


def test_an_intruding_single_file(tmp_path, monkeypatch):
    (tmp_path / "intruding_file.py").write_text("", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ImportError, match=r"intruding_file\.py"):
        check_neighbours(cohorts.__file__, "intruding_file")


def test_an_imported_intruder(tmp_path, monkeypatch):
    module = types.ModuleType("intruding_import")
    module.__spec__ = ModuleSpec("intruding_import", None, origin=str(tmp_path / "intruding_import" / "__init__.py"))
    monkeypatch.setitem(sys.modules, "intruding_import", module)
    with pytest.raises(ImportError, match="not the one of bone-prognosis"):
        check_neighbours(cohorts.__file__, "intruding_import")


def test_a_folder_without_init(tmp_path, monkeypatch):
    (tmp_path / "intruding_folder").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ImportError, match="intruding_folder"):
        check_neighbours(cohorts.__file__, "intruding_folder")


def test_a_foreign_prognosis_stops_the_import(tmp_path):
    package(tmp_path, "prognosis")
    root = Path(cohorts.__file__).parents[1]
    paths = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(root)!r}]; import cohorts"
    done = subprocess.run([sys.executable, "-I", "-c", paths], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"ImportError: the package 'prognosis' at {tmp_path / 'prognosis'} is not the one" in done.stderr


RISKY = st.text(st.sampled_from("'=+-@\t\rab1 "), max_size=6)


@given(st.lists(RISKY, min_size=1, max_size=10))
def test_law_export_is_safe_and_restoring_is_exact(cells):
    frame = pd.DataFrame({"x": cells})
    out = neutralise(frame)["x"]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in out)
    assert restore(out).tolist() == cells
    assert frame["x"].tolist() == cells


def test_names_index_and_categories_are_neutralised_too():
    frame = pd.DataFrame({"=x": pd.Categorical(["@a", "b"]), "n": [-1, -2]}, index=["+1", "2"])
    out = neutralise(frame)
    assert out.columns.tolist() == ["'=x", "n"]
    assert out.index.tolist() == ["'+1", "2"]
    assert out["'=x"].tolist() == ["'@a", "b"]
    assert out["n"].tolist() == [-1, -2]


def test_missing_cells_stay_missing():
    out = neutralise(pd.DataFrame({"x": ["=1", None]}))
    assert out["x"].isna().tolist() == [False, True]
