"""Image scores in study files and by command: the folds of the score are those of the study, leaks are refused."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from cohorts import make_folds, read_score, write_score
from cohorts.errors import LeakageError, RunError
from imaging_head.cross_fit import cross_fit
from reports.cross_fit_run import Asked, cross_fit_files, read_endpoint
from reports.run import run_study
from tests.imaging_head.made_learners import Pixels
from tests.imaging_head.test_cross_fit import ENDPOINT, study_of

pytestmark = pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")
STUDY = """
[study]
title = "Metastasis"
seed = 1
[cohort]
file = "cohort.csv"
codebook = "codebook.toml"
[[scores]]
file = "film.csv"
[endpoint]
name = "metastasis"
kind = "time_to_event"
time = "months"
event = "event"
unit = "months"
origin = "diagnosis"
horizons = [0.5]
[[models]]
name = "clinical"
kind = "cox"
predictors = ["age"]
[[models]]
name = "combined"
kind = "cox"
predictors = ["age", "film"]
[validation]
figures = false
metrics = ["harrell_c"]
[reports]
explanations = false
"""
BOOK = """
[variables.pid]
kind = "id"
[variables.age]
kind = "numeric"
unit = "years"
[variables.months]
kind = "time"
unit = "months"
[variables.event]
kind = "event"
values = { censored = 0, event = 1 }
label = { en = "Metastasis", zh = "转移" }
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A study with a score whose film moves the hazard, and the score's plain form."""
    folder = tmp_path_factory.mktemp("scores")
    cohort, films = study_of(120, 1, 1.5)
    cohort.frame[["age", "months", "event"]].rename_axis("pid").to_csv(folder / "cohort.csv")
    (folder / "codebook.toml").write_text(BOOK, encoding="utf-8")
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    folds = make_folds(cohort, ENDPOINT, 4, 2)
    for nested, name in ((True, "film"), (False, "plain")):
        found = cross_fit(Pixels(), films, cohort, ENDPOINT, folds, nested=nested, name="film")
        write_score(found.score, folder / f"{name}.csv")
    return folder, cohort, films


def changed(folder, tmp_path, *changes):
    for file in folder.iterdir():
        if file.is_file():
            (tmp_path / file.name).write_bytes(file.read_bytes())
    text = STUDY
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    return tmp_path / "study.toml"


def test_a_run_validates_by_the_folds_of_the_score_and_ranks_with_and_without_it(files, tmp_path):
    folder, cohort, _films = files
    done = run_study(folder / "study.toml", tmp_path / "out")
    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    c = {name: results["validation"][name][0]["corrected"] for name in ("clinical", "combined")}
    assert c["combined"] > c["clinical"] + 0.05
    assert results["ranking"]["models"][0]["model"] == "combined"
    from prognosis import Study
    from prognosis.models import Cox

    score = read_score(folder / "film.csv")
    study = Study(cohort.with_score(score), ENDPOINT, ["age", "film"], folds=score.folds, horizons=[0.5])
    found = study.validate(study.fit(Cox()), metrics=["harrell_c"]).table["corrected"].iloc[0]
    assert c["combined"] == pytest.approx(found, rel=1e-9)
    manifest = json.loads((done.folder / "manifest.json").read_text(encoding="utf-8"))
    assert {"film.csv", "film.json"} <= {str(name).rsplit("/", 1)[-1] for name in manifest["inputs"]}
    assert "log hazard of metastasis" in (tmp_path / "out" / "results.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("error", "code", "old", "new"),
    [
        (LeakageError, "L17", "[validation]", '[validation]\nmethod = "bootstrap"\nrepeats = 20'),
        (LeakageError, "L18", "[validation]", '[validation]\nmethod = "cross-validation"\nrepeats = 3'),
        (LeakageError, "L18", "[validation]", '[validation]\nmethod = "temporal"\nby = "age"\nafter = 60'),
        (LeakageError, "L16", '"film.csv"', '"plain.csv"'),
        (RunError, "U02", '["age", "film"]', '["age"]'),
    ],
)
def test_what_leaks_is_refused_before_anything_is_fitted(files, tmp_path, error, code, old, new):
    said = []
    with pytest.raises(error) as caught:
        run_study(changed(files[0], tmp_path, (old, new)), tmp_path / "out", said.append)
    assert caught.value.code == code
    assert said == ["reading the cohort"]


def test_the_command_writes_what_a_study_file_reads(files, tmp_path, monkeypatch):
    """With the network replaced; patients without a film are left out and named."""
    from PIL import Image

    import imaging_head.resnet_head
    import imaging_head.score_networks

    folder, _cohort, films = files
    rows = []
    for patient, pixels in zip(films.patients[2:62], films.pixels[2:62], strict=True):
        Image.fromarray((255 * np.kron(pixels, np.ones((8, 8)))).astype(np.uint8)).save(tmp_path / f"{patient}.png")
        rows.append({"film": f"{patient}.png", "patient": patient, "cleared": "yes"})
    pd.DataFrame(rows).to_csv(tmp_path / "index.csv", index=False)
    asked = []
    monkeypatch.setattr(imaging_head.resnet_head, "ResNet34Head", lambda *g, **o: asked.append((g, o)) or Pixels())
    monkeypatch.setattr(imaging_head.score_networks, "save_networks", lambda _found, kept: asked.append(kept))
    said = []
    out = tmp_path / "radiograph.csv"
    given = (tmp_path / "index.csv", folder / "cohort.csv", folder / "codebook.toml", folder / "study.toml")
    cross_fit_files(*given, out, Asked(folds=3, seed=5, image_size=32, epochs=2), said.append)
    assert asked == [((32, 2, None, False, 5), {"records": tmp_path / "radiograph_networks" / "training"}),
                     tmp_path / "radiograph_networks"]  # fmt: skip
    score = read_score(out)
    assert (score.name, score.nested, score.folds.k, len(score.ids)) == ("radiograph", True, 3, 60)
    assert any("60 patients of the cohort have no film" in line for line in said)
    assert "training 6 networks on films of 60 patients" in said
    with pytest.raises(RunError, match="gets its name from the file"):
        cross_fit_files(*given, tmp_path / "my score.csv", Asked(), said.append)


def test_the_endpoint_of_a_study_file(files, tmp_path):
    folder = files[0]
    endpoint = read_endpoint(folder / "study.toml")
    assert (endpoint.kind, endpoint.name, endpoint.horizons) == ("time_to_event", "metastasis", (0.5,))
    for name, words in (
        ("codebook.toml", "no .endpoint. table"),
        ("absent.toml", "cannot read"),
        ("cohort.csv", "cannot read"),
    ):
        with pytest.raises(RunError, match=words):
            read_endpoint(folder / name)
