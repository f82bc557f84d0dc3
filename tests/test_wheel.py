"""What is delivered: the wheel's content and metadata, and what importing it loads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
import zipfile
from email import message_from_string
from email.message import Message
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from cohorts.version import __version__

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("cohorts", "prognosis", "nomograms", "imaging_head", "reports")
OPTIONAL = ("torch", "monai", "shap", "dask", "distributed", "mplfonts")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PINS = {
    canonicalize_name(name): version
    for name, version in (
        line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if line and line[0] != "#"
    )
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        return message_from_string(archive.read(f"bone_prognosis-{__version__}.dist-info/METADATA").decode())


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run_python(code: str, folder: Path) -> str:
    """Run code in a fresh process that finds the rooms in a folder, warnings as errors; return its last line."""
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def sources() -> set[str]:
    """Return every file of the rooms that is no by-product of running them."""
    files = (file for room in ROOMS for file in (ROOT / room).rglob("*") if file.is_file())
    return {str(file.relative_to(ROOT)) for file in files if "__pycache__" not in file.parts}


def test_the_wheel_holds_the_five_rooms_and_nothing_else(names):
    assert {name for name in names if ".dist-info/" not in name} == sources()


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_is_typed(names, room):
    assert {f"{room}/__init__.py", f"{room}/py.typed"} <= names


@pytest.mark.parametrize(
    "pattern",
    [
        "cohorts/data/*.csv",
        "cohorts/data/*.toml",
        "reports/templates/*.typ",
        "reports/templates/*.html*",
        "reports/templates/*.js",
        "reports/templates/*.css",
        "reports/*.toml",
        "reports/data/*.toml",
    ],
)
def test_data_and_templates_are_in_the_wheel(names, pattern):
    assert any(Path(name).match(pattern) for name in names)


def test_the_licence_is_in_the_wheel(wheel, names):
    licence = next(name for name in names if name.endswith("licenses/LICENSE"))
    with zipfile.ZipFile(wheel) as archive:
        assert b"GNU GENERAL PUBLIC LICENSE" in archive.read(licence)[:200]


def test_the_metadata_name_the_distribution(metadata):
    assert metadata["Name"] == "bone-prognosis"
    assert metadata["Version"] == __version__
    assert metadata["License-Expression"] == "GPL-3.0-or-later"
    assert metadata["Requires-Python"] == "<3.14,>=3.11"
    assert set(metadata.get_all("Provides-Extra")) == {"imaging", "chinese", "dask", "dev", "fhir", "radiomics"}


def test_the_command_is_called_prognosis(wheel):
    with zipfile.ZipFile(wheel) as archive:
        entry_points = archive.read(f"bone_prognosis-{__version__}.dist-info/entry_points.txt").decode()
    assert entry_points.split() == ["[console_scripts]", "prognosis", "=", "reports.command_line:main"]


def test_the_core_requires_nothing_optional(metadata):
    required = [Requirement(text) for text in metadata.get_all("Requires-Dist")]
    core = {canonicalize_name(item.name) for item in required if item.marker is None}
    assert core.isdisjoint({*OPTIONAL, "pytest", "ruff", "mypy", "playwright"})
    assert {"numpy", "pandas", "scipy", "numba", "scikit-learn", "typst", "typer"} <= core


def test_every_requirement_is_pinned_to_a_version_that_satisfies_it():
    listed = [
        *PROJECT["dependencies"],
        *(text for extra in PROJECT["optional-dependencies"].values() for text in extra),
    ]
    for requirement in map(Requirement, listed):
        assert requirement.specifier.contains(PINS[canonicalize_name(requirement.name)]), requirement


def test_torch_has_one_version():
    assert "torch==2.13.0" in PROJECT["optional-dependencies"]["imaging"]


def test_the_version_is_the_same_everywhere():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == __version__
    assert citation["license"] == PROJECT["license"]
    assert f"## [{__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert run_python("import prognosis; print(prognosis.__version__)", ROOT) == __version__


def test_the_core_imports_without_anything_optional(unpacked):
    code = f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {OPTIONAL}:
            raise ModuleNotFoundError("not installed: " + name, name=name)
sys.meta_path.insert(0, Absent())
import cohorts, prognosis, nomograms, reports.run, reports.patient, prognosis.models, pathlib
from prognosis import *
print(pathlib.Path(cohorts.__file__).parent.parent)
"""
    assert run_python(code, unpacked) == str(unpacked)


def test_importing_the_core_loads_nothing_optional(unpacked):
    code = (
        "import sys, cohorts, nomograms, reports, json; from prognosis import *; print(json.dumps(list(sys.modules)))"
    )
    assert set(json.loads(run_python(code, unpacked))).isdisjoint(OPTIONAL)


def test_the_embedded_cohort_comes_with_the_wheel(unpacked):
    code = "from cohorts.datasets import load_mgus2; print(len(load_mgus2()))"
    assert run_python(code, unpacked) == "1384"


def test_help_is_answered_without_the_heavy_libraries(unpacked):
    code = """
import json, sys
sys.argv = ["prognosis", "--help"]
from reports.command_line import main
try:
    main()
except SystemExit as end:
    assert end.code in (0, None), end.code
print()
print(json.dumps(sorted(sys.modules)))
"""
    loaded = set(json.loads(run_python(code, unpacked)))
    assert "reports.command_line" in loaded
    assert loaded.isdisjoint({"torch", "shap", "sklearn", "scipy.stats", "numba", "matplotlib", "lifelines"})
