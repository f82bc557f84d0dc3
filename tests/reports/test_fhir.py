"""FHIR: percentages that equal the prediction, valid in both releases, what is not known is said, texts stay texts."""

from __future__ import annotations

import json
import sys
import warnings

import numpy as np
import pandas as pd
import pytest

from cohorts.errors import DataContractError, PrognosisWarning, RunError
from prognosis.models import Cox, Logistic, RandomSurvivalForest
from reports import command_line
from reports.fhir import RELEASES, check_release, risk_assessment, validate
from reports.patient_table import read_patients
from tests.prognosis import made
from tests.reports.rendered import Tags

PREDICTORS = ["age", "albumin", "sex"]
HOSTILE = "<script>alert('1')</script>"
pytestmark = pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")


def fitted(recipe, kind="time_to_event", horizons=(12, 48), **book):
    times = None if kind == "binary" else list(horizons)
    options = {"endpoint": made.ENDPOINTS[kind], "horizons": times}
    if book:
        options["book"] = made.codebook(**book)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        return made.study(PREDICTORS, n=150, **options).fit(recipe)


@pytest.fixture(scope="module")
def cox():
    return fitted(Cox())


def asked(model, row=None, **changed):
    """Return the resource of one made-up patient, and the prediction that it must tell."""
    values = made.patients(3, seed=8)[PREDICTORS].iloc[0].to_dict() | changed
    prediction = model.predict(pd.DataFrame([values], index=["A 7"]))
    return risk_assessment(model, prediction, "A 7", values), prediction


def test_probabilities_are_percentages_of_the_prediction(cox):
    found, prediction = asked(cox)
    given = [one["probabilityDecimal"] for one in found["prediction"]]
    np.testing.assert_allclose(given, 100 * prediction.risk[0], atol=0.05)
    assert max(given) > 1
    times = [one["whenRange"]["high"] for one in found["prediction"]]
    assert [(one["value"], one["code"]) for one in times] == [(12.0, "mo"), (48.0, "mo")]
    low, high = 100 * prediction.lower[0, 1], 100 * prediction.upper[0, 1]
    assert f"95 % interval {low:.1f} to {high:.1f} %" in found["prediction"][1]["rationale"]
    # a range of months alone could be one of age, or from today
    assert f"Time is counted from: {cox.endpoint.origin}." in found["prediction"][1]["rationale"]
    assert f"Time is counted from: {cox.endpoint.origin}." in found["text"]["div"]


def test_who_what_and_by_which_model(cox):
    found, _ = asked(cox)
    assert found["subject"]["identifier"]["value"] == "A 7"
    assert (found["status"], "mitigation" in found) == ("preliminary", False)
    assert cox.hash in found["method"]["text"]
    age, _, sex = found["contained"]
    assert age["valueQuantity"] == {"value": float(made.patients(3, seed=8)["age"].iloc[0]), "unit": "years"}
    assert sex["valueString"] == made.patients(3, seed=8)["sex"].iloc[0]
    assert [item["reference"] for item in found["basis"]] == [f"#{item['id']}" for item in found["contained"]]
    assert any("treatment" in note["text"] for note in found["note"])


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize(
    ("recipe", "kind"),
    [
        (Cox(), "time_to_event"),
        (Cox(), "competing"),
        (Logistic(), "binary"),
        (RandomSurvivalForest(trees=20), "time_to_event"),
    ],
    ids=["cox", "competing", "logistic", "forest"],
)
def test_the_library_of_the_standard_accepts_it(release, recipe, kind):
    pytest.importorskip("fhir.resources")
    found, _ = asked(fitted(recipe, kind))
    assert validate(json.loads(json.dumps(found, allow_nan=False)), release)


def test_what_is_no_assessment_is_refused(cox):
    pytest.importorskip("fhir.resources")
    found, _ = asked(cox)
    found["prediction"][0]["probabilityDecimal"] = "high"
    with pytest.raises(RunError, match=r"\[R71\]"):
        validate(found, "R5")
    with pytest.raises(RunError, match=r"\[R70\].*R4B, R5"):
        check_release("STU3")


def test_a_risk_that_is_not_known_has_no_number(cox):
    values = made.patients(3, seed=8)[PREDICTORS].iloc[[0]]
    prediction = cox.predict(values, [12, 10_000])
    found = risk_assessment(cox, prediction, prediction.ids[0], values.iloc[0].to_dict())
    assert "probabilityDecimal" in found["prediction"][0]
    assert "probabilityDecimal" not in found["prediction"][1]
    assert "No risk is given" in found["prediction"][1]["rationale"]


def test_a_forest_has_no_interval_and_a_binary_outcome_no_time():
    forest, _ = asked(fitted(RandomSurvivalForest(trees=20)))
    assert forest["prediction"][0]["rationale"].startswith("This model has no interval. Time is counted from: ")
    assert not any("interval" in note["text"] for note in forest["note"])
    logistic, prediction = asked(fitted(Logistic(), "binary"))
    (one,) = logistic["prediction"]
    assert "whenRange" not in one
    # without a time FHIR reads a risk for life
    assert "no risk for life" in one["rationale"]
    assert one["probabilityDecimal"] == pytest.approx(100 * prediction.risk[0, 0], abs=0.05)


def test_a_hostile_label_stays_a_text():
    model = fitted(Cox(), age={"kind": "numeric", "unit": "years", "label": {"en": HOSTILE}})
    found, _ = asked(model)
    assert found["contained"][0]["code"]["text"] == HOSTILE

    assert set(Tags(found["text"]["div"]).tags) == {"div", "p"}


def test_the_command_writes_a_file_a_patient(cox, tmp_path, monkeypatch, capsys):
    cox.save(tmp_path / "m.prognosis")
    table = made.patients(3, seed=8)[PREDICTORS].assign(pid=["7", "../up", "con"])
    table.to_csv(tmp_path / "new.csv", index=False)
    arguments = [str(tmp_path / "m.prognosis"), str(tmp_path / "new.csv"), "--out", str(tmp_path / "out")]
    for release, code in (("R4B", 0), ("R9", 1)):
        monkeypatch.setattr(sys, "argv", ["prognosis", "fhir", *arguments, "--release", release])
        with pytest.raises(SystemExit) as ended:
            command_line.main()
        assert int(ended.value.code or 0) == code
    assert "3 patients" in capsys.readouterr().out
    files = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert "7.json" in files
    assert len(files) == 4
    table.assign(age=[60.0, None, 61.0]).to_csv(tmp_path / "new.csv", index=False)
    arguments[-1] = str(tmp_path / "part")
    monkeypatch.setattr(sys, "argv", ["prognosis", "fhir", *arguments])
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    assert int(ended.value.code or 0) == 1
    assert "1 of 3 patients could not be answered" in capsys.readouterr().err
    failures = json.loads((tmp_path / "part" / "failures.json").read_text(encoding="utf-8"))
    assert list(failures) == ["../up"]
    assert "age" in failures["../up"]
    assert (tmp_path / "part" / "7.json").is_file()
    assert not (tmp_path / "up.json").exists()
    found = json.loads((tmp_path / "out" / "7.json").read_text(encoding="utf-8"))
    assert found["resourceType"] == "RiskAssessment"
    risk = cox.predict(table.set_index("pid")).risk[0]
    np.testing.assert_allclose([one["probabilityDecimal"] for one in found["prediction"]], 100 * risk, atol=0.05)


@pytest.mark.parametrize("column", ["sex", "relapse"])
def test_a_table_of_patients_has_the_strata_of_the_model(column, tmp_path):
    """Levels are those the model names, whatever the column's type was in training."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        model = made.study(["age", "albumin"], n=150, horizons=[12, 48]).fit(Cox(strata=[column]))
    frame = made.patients(6, seed=8)[["age", "albumin", column]].assign(pid=list("abcdef"))
    written = frame.assign(**{column: frame[column].map(lambda value: value if column == "sex" else int(value))})
    written.to_csv(tmp_path / "new.csv", index=False)
    read = read_patients(model, tmp_path / "new.csv", ",", ".", "utf-8")
    prediction = model.predict(read)
    np.testing.assert_array_equal(prediction.risk, model.predict(frame.set_index("pid")).risk)
    assert len(np.unique(frame[column])) == 2
    values = read.view(model.door.columns).loc["a"].to_dict()
    observed = risk_assessment(model, prediction, "a", values)["contained"]
    assert {"text": column} in [item["code"] for item in observed]
    assert str(written[column].iloc[0]) in [item.get("valueString") for item in observed]
    written.assign(**{column: "other"}).to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(DataContractError, match="known levels"):
        read_patients(model, tmp_path / "new.csv", ",", ".", "utf-8")


def test_strata_by_two_columns_are_refused(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        model = made.study(["age"], n=150, horizons=[12]).fit(Cox(strata=["sex", "relapse"]))
    with pytest.raises(RunError, match=r"\[U07\]"):
        read_patients(model, tmp_path / "new.csv", ",", ".", "utf-8")
