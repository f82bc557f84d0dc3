"""Pages with radiographs from files, as the command line gives them: whose networks, whose film, what is refused."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pypdf
import pytest
from typer.testing import CliRunner

from cohorts import read_cohort, read_score
from cohorts.errors import DataContractError, PredictionError, PrognosisWarning, RunError
from imaging_head import score_networks
from imaging_head.radiographs import Radiographs
from imaging_head.score_networks import ScoreNetworks
from prognosis import FittedModel, load_model
from reports import radiograph_demonstration as demonstration
from reports.film_files import FilmFiles, read_film_files
from reports.radiograph_demonstration import CODEBOOK, COHORT, INDEX, SCORE, Size, run_radiograph_demo
from tests.reports.test_radiograph_demonstration import Grey, fitted_only

K = 3


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A study with its films, a model with their score, and its networks where those of a folder would be opened."""
    out = tmp_path_factory.mktemp("films") / "out"
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        patch.setattr(demonstration, "run_study", fitted_only)
        patch.setattr(demonstration, "SHOWN", ())
        kept: list[Any] = []
        train = demonstration._cross_fitted
        patch.setattr(demonstration, "_cross_fitted", lambda *given: kept.append(train(*given)) or kept[0])
        run_radiograph_demo(out, learner=Grey(), size=Size(patients=60, pixels=32, folds=K, workers=1))
        folder = out / "study" / "radiograph_networks"
        folder.mkdir()
        (folder / "networks.json").write_text("{}")
        nets = tuple(kept[0].net(fold) for fold in range(K))
        patch.setattr(score_networks, "load_networks", lambda _: ScoreNetworks("radiograph", nets))
        yield out


@pytest.fixture(scope="module")
def model(home: Path) -> FittedModel:
    return load_model(home / "models" / "with_radiograph.prognosis")


def files_in(home: Path, *, own: bool = False, **more: Any) -> FilmFiles:
    study = home / "study"
    given = {"score": study / SCORE if own else None, "layer": "layer2"} | more
    return FilmFiles(study / INDEX, study / "radiograph_networks", **given)


def table(home: Path, mean: str = "") -> pd.DataFrame:
    """Patients with the score of their own fold, as the study has it; of `mean` that of all networks, as a new one."""
    study = home / "study"
    score = read_score(study / SCORE)
    rows = read_cohort(study / COHORT, codebook=study / CODEBOOK).frame[["age", "grade"]]
    rows["radiograph"] = score.of(list(rows.index))
    if mean:
        nets = score_networks.load_networks(study)
        rows.loc[mean, "radiograph"] = nets.score(Radiographs.from_index(study / INDEX).of([mean]).squares(32))[mean]
    return rows


def command(home: Path, rows: pd.DataFrame, out: Path, *more: str) -> Any:
    from reports.command_line import app

    rows.rename_axis("pid").to_csv(out.with_suffix(".csv"))
    films = home / "study" / "films.toml"
    films.write_text("\n".join([f'index = "{INDEX}"', 'networks = "radiograph_networks"', 'layer = "layer2"', *more]))
    asked = [str(home / "models" / "with_radiograph.prognosis"), str(out.with_suffix(".csv")), "--out", str(out)]
    return CliRunner().invoke(app, ["report", *asked, "--radiographs", str(films)])


def test_a_page_has_the_map_of_the_network_that_never_saw_the_patient(home: Path, tmp_path: Path) -> None:
    """Another patient, without a film, goes to the failures; and none of the rest is lost."""
    rows = table(home).iloc[:1]
    lost = rows.set_axis(["Z1"])
    found = command(home, pd.concat([rows, lost]), tmp_path / "out", f'score = "{SCORE}"')
    assert found.exit_code == 1
    failures = json.loads((tmp_path / "out" / "failures.json").read_text())
    assert list(failures) == ["Z1"]
    assert "patients without a film" in failures["Z1"]
    page = tmp_path / "out" / "patients" / f"{rows.index[0]}.html"
    html = page.read_text(encoding="utf-8")
    assert html.count('class="raised"') == 1
    assert "Mean of the maps" not in html
    text = "".join(sheet.extract_text() for sheet in pypdf.PdfReader(page.with_suffix(".pdf")).pages)
    assert f"{rows['radiograph'].iloc[0]:.2f}" in text
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert {"radiographs", "networks", "score"} <= set(manifest["inputs"])


def test_a_new_patient_has_the_mean_map_and_another_score_is_refused(home: Path, tmp_path: Path) -> None:
    rows = table(home).iloc[:2]
    new, own = rows.index
    rows = table(home, mean=new).iloc[:2]
    rows.loc[own, "radiograph"] += 0.5
    assert command(home, rows, tmp_path / "out").exit_code == 1
    failures = json.loads((tmp_path / "out" / "failures.json").read_text())
    assert list(failures) == [own]
    assert "G32" in failures[own]
    assert "that of the own fold" in failures[own]
    html = (tmp_path / "out" / "patients" / f"{new}.html").read_text(encoding="utf-8")
    assert f"Mean of the maps of {K} networks" in html


def test_maps_are_those_of_the_networks_against_films_of_the_study(home: Path) -> None:
    """The network of the own fold alone; behind it the mean of the given films, which takes away what all have."""
    from imaging_head.grad_cam import grad_cam

    patient = table(home).index[0]
    index = home / "study" / INDEX
    score = read_score(home / "study" / SCORE)
    net = score_networks.load_networks(home).nets[int(score.folds.assignment[patient])]
    squares = Radiographs.from_index(index).squares(32)
    plain, behind = (files_in(home, own=True, background=given).of(patient) for given in (None, index))
    assert plain.heat is not None
    assert behind.heat is not None
    np.testing.assert_allclose(plain.heat.values, grad_cam(net, squares.of([patient]), None, "layer2")[0].values)
    first = squares.of(list(squares.patients[:40]))
    expected = grad_cam(net, squares.of([patient]), first, "layer2")[0]
    np.testing.assert_allclose(behind.heat.values, expected.values, atol=1e-6)
    assert plain.heat.averaged == 1
    assert files_in(home).of(patient).heat.averaged == K  # type: ignore[union-attr]


def test_what_can_give_no_page_is_refused_before_one_is_written(
    home: Path, model: FittedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(PredictionError, match=r"\[R74\] .*none of the 1 patients has a film.*leading zeros"):
        files_in(home).check(model, ["7"])
    nets = score_networks.load_networks(home)
    monkeypatch.setattr(score_networks, "load_networks", lambda _: ScoreNetworks("texture", nets.nets))
    with pytest.raises(PredictionError, match=r"\[R72\] .*the score texture, which is no predictor of this model"):
        files_in(home, layer="layer3").check(model, ["7"])
    with pytest.raises(DataContractError, match=r"\[R73\] .*which make texture in 3 folds"):
        files_in(home, own=True, layer="layer3").check(model, ["7"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot read the file"),
        ("index =", "no valid TOML"),
        ('index = "a.csv"', "networks: Field required"),
        ('index = "a.csv"\nnetworks = "n"\nlayer = "fc"\nfilm = 1', "layer: .*film: Extra inputs"),
    ],
)
def test_a_file_that_says_too_little_or_too_much_is_refused(tmp_path: Path, text: str | None, said: str) -> None:
    path = tmp_path / "films.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(RunError, match=rf"(?s)\[R75\] .*{said}.*networks = "):
        read_film_files(path)


def test_a_film_that_changed_is_another_input(home: Path, tmp_path: Path) -> None:
    study = tmp_path / "study"
    shutil.copytree(home / "study", study)
    files = FilmFiles(study / INDEX, study / "radiograph_networks")
    before = files.digests()
    film = study / str(Radiographs.from_index(study / INDEX).index["film"].iloc[-1])
    film.write_bytes(film.read_bytes() + b" ")
    changed = files.digests()
    assert {what for what in before if before[what] != changed[what]} == {"films"}


def test_the_help_teaches() -> None:
    from reports.command_line import app

    said = " ".join(CliRunner().invoke(app, ["report", "--help"], env={"COLUMNS": "200"}).output.split())
    assert 'index = "index.csv" (the films) and networks = "NAME_networks"' in said
    assert "the network that never saw the patient" in said
