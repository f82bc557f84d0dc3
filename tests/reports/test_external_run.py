"""`prognosis validate` on the example pair: fitted in Rotterdam, judged in the German trial."""

from __future__ import annotations

import hashlib
import html
import json
import math
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pypdf
import pytest

from cohorts.errors import DataContractError, RunError
from cohorts.reading import read_cohort
from prognosis import FittedModel, load_model
from prognosis.persistence.content import example_patients, extra_columns
from reports import command_line
from reports.calculator import Calculator
from reports.external_content import Findings, external_content, summary_sentences
from reports.external_run import Question, Sources, validate_model
from reports.output_folder import Run
from reports.patient import PatientReport
from reports.performance import external_sentences
from reports.run import run_study
from reports.wording import Wording
from tests.reports.conftest import with_chinese_font
from tests.reports.rendered import assert_runs_its_own_script_alone

pytestmark = pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
QUESTION = Question([3.0, 50.0], ("grade",), (0.2, 0.4), record="GBSG, Germany <b>1984-89</b>")
NAMES = ("rotterdam.csv", "gbsg.csv", "rotterdam_gbsg.codebook.toml")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example study, fitted with few resamples; its model is what is judged."""
    folder = tmp_path_factory.mktemp("external")
    for name in NAMES:
        shutil.copyfile(EXAMPLES / name, folder / name)
    text = (EXAMPLES / "rotterdam_gbsg.toml").read_text(encoding="utf-8")
    for old, new in (
        ("repeats = 200", "repeats = 2\nfigures = false"),
        ("[reports]", "[reports]\nexplanations = false"),
    ):
        assert old in text
        text = text.replace(old, new)
    (folder / "study.toml").write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", "1790000000")
        run_study(folder / "study.toml", folder / "rotterdam")
    return folder


@pytest.fixture(scope="module")
def sources(home: Path) -> Sources:
    return Sources(home / "rotterdam/models/cox.prognosis", home / "gbsg.csv", home / NAMES[2])


@pytest.fixture(scope="module")
def done(home: Path, sources: Sources) -> Run:
    return validate_model(sources, home / "gbsg", QUESTION)


@pytest.fixture(scope="module")
def results(done: Run) -> dict[str, Any]:
    return json.loads((done.folder / "external.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def model(sources: Sources) -> FittedModel:
    return load_model(sources.model)


def test_every_file_is_there_in_the_list_and_in_the_manifest(done: Run) -> None:
    figures = ("calibration_3", "decision_3", "over_time", "risk_groups", "subgroups")
    tables = ("performance", "subgroups", "case_mix", "drift", "updating")
    expected = {"external.json", "manifest.json", "validation_report.pdf", "validation_report.html",
                "models/cox_refit.prognosis", "models/cox.prognosis", *(f"{name}.csv" for name in tables),
                *(f"figures/{name}.{suffix}" for name in figures for suffix in ("pdf", "svg"))}  # fmt: skip
    found = {str(path.relative_to(done.folder)) for path in done.folder.rglob("*") if path.is_file()}
    assert found == expected == set(done.files)
    manifest = json.loads((done.folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["exit_state"] == "done"
    assert set(manifest["inputs"]) == {"cox.prognosis", "gbsg.csv", NAMES[2]}
    for name, digest in manifest["outputs"].items():
        assert hashlib.sha256((done.folder / name).read_bytes()).hexdigest() == digest


def test_the_numbers_are_those_of_the_interface(results: dict[str, Any], model: FittedModel, sources: Sources) -> None:
    cohort = read_cohort(sources.cohort, codebook=sources.codebook)
    table = model.validate(cohort, [3.0], metrics=["harrell_c", "oe_ratio"]).table.set_index("metric")
    stored = {row["metric"]: row for row in results["external"]["cox"] if row["horizon"] in (None, 3.0)}
    for metric in ("harrell_c", "oe_ratio"):
        for key in ("estimate", "lower", "upper"):
            assert stored[metric][key] == table.loc[metric, key]
    assert (results["cohort"]["n"], results["cohort"]["events"]) == (686, 299)
    assert {row["group"] for row in results["subgroups"]} == {"1-2", "3"}


def test_a_missing_number_is_null_with_a_reason(results: dict[str, Any]) -> None:
    beyond = [row for row in results["external"]["cox"] if row["horizon"] == 50.0]
    assert beyond
    assert all(row["estimate"] is None and "50" in row["reason"] for row in beyond)
    for row in (*results["external"]["cox"], *results["subgroups"]):
        assert row["estimate"] is not None or row["reason"]

    def walk(value: Any) -> None:
        for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            walk(item)
        assert not isinstance(value, float) or math.isfinite(value)

    walk(results)


def test_the_model_remembers_it_and_its_pages_say_so(results: dict[str, Any], done: Run, model: FittedModel) -> None:
    remembering = load_model(done.folder / "models/cox.prognosis")
    (record,) = remembering.external
    kept = results["recorded"]
    assert kept["hash"] == remembering.hash != model.hash
    assert (kept["cohort"], kept["n"], kept["events"], kept["day"]) == (record.cohort, 686, 299, record.day)
    c = next(row for row in results["external"]["cox"] if row["metric"] == "harrell_c")
    shown = f"C index {c['estimate']:.2f} ({c['lower']:.2f} to {c['upper']:.2f})"
    told = external_sentences(remembering, Wording("en"))
    named = "Externally validated in GBSG, Germany <b>1984-89</b> (686 patients, 299 events"
    assert told[0].startswith(f"{named}; {record.day}")
    assert shown in told[0]
    assert told[-1] == "Tested apart in groups by Differentiation grade."
    assert "no external validation" in external_sentences(model, Wording("en"))[0]
    assert external_sentences(remembering, Wording("zh"))[0].startswith("外部验证：GBSG")
    page = Calculator(remembering).html()
    assert html.escape(told[0]) in page
    patient = example_patients(model.profile, extra_columns(model)).iloc[[1]]
    said = PatientReport(remembering, patient).to_dict()["performance"]
    assert told[0] in said
    own = next(group for group in record.groups if group.group == str(patient["grade"].iloc[0]))
    c = own.line("harrell_c")
    alike = f"Among those with Differentiation grade: {own.group} ({own.n} patients, {own.events} events): "
    assert said[-1].startswith(f"{alike}C index {c.estimate:.2f} ({c.lower:.2f} to {c.upper:.2f}); observed")
    many = replace(record, groups=(own, own, own))
    crowded = external_sentences(replace(remembering, external=(many,)), Wording("en"), {"grade": own.group})
    assert crowded[-1] == "Tested apart in further groups of this patient, for which this page has no room: 1."
    apart = replace(remembering, external=(replace(record, groups=()),))
    assert external_sentences(apart, Wording("en"))[-1] == "Not tested apart in subgroups such as this patient's."


def test_the_closed_test_and_the_updated_model_agree(results: dict[str, Any], done: Run, sources: Sources) -> None:
    updating = results["updating"]
    assert updating["chosen"] == "refit"
    assert [line["model"] for line in updating["table"]] == ["original", "intercept", "slope", "refit"]
    assert [line["chosen"] for line in updating["table"]] == [False, False, False, True]
    updated = load_model(done.folder / "models/cox_refit.prognosis")
    cohort = read_cohort(sources.cohort, codebook=sources.codebook)
    drift = pd.read_csv(done.folder / "drift.csv")
    np.testing.assert_allclose(updated.estimate.coefficients, drift["new"], rtol=1e-10)
    assert updated.predict(cohort, [3.0]).risk.mean() == pytest.approx(0.36, abs=0.02)


@with_chinese_font
def test_the_report_says_it_in_both_languages(model: FittedModel, sources: Sources) -> None:
    cohort = read_cohort(sources.cohort, codebook=sources.codebook)
    external = model.validate(cohort, [3.0], metrics=["harrell_c", "oe_ratio", "calibration_slope"])
    found = Findings(model, external, model.updating(cohort, "closed-test"), "", "gbsg.csv")
    english, chinese = (summary_sentences(found, Wording(language)) for language in ("en", "zh"))
    assert len(english) == len(chinese) == 7
    assert english[0].startswith("C index 0.6")
    assert "By 3 years, 1." in english[1]
    assert "more alike in risk" in english[3]
    assert "the effects themselves differ" in english[5]
    assert "unknown until it is tested there" in english[6]
    content = external_content(found, {}, Wording("zh"))
    assert content["title"] == "cox在gbsg.csv中的外部验证"
    kept = Findings(model, external, None, "E07 no such update", "gbsg.csv")
    assert summary_sentences(kept, Wording("en"))[-1] == "No closed test of updating: E07 no such update."


def test_the_report_is_tagged_and_asks_for_nothing(done: Run) -> None:
    assert_runs_its_own_script_alone((done.folder / "validation_report.html").read_text(encoding="utf-8"))
    document = pypdf.PdfReader(done.folder / "validation_report.pdf")
    text = "".join(page.extract_text() for page in document.pages)
    assert document.metadata.title == "External validation of cox in gbsg.csv"
    for words in ("In plain words", "Performance in the new cohort", "How much to update", "grade: 1-2"):
        assert words in text


def test_the_same_question_gives_the_same_bytes(home: Path, sources: Sources, done: Run) -> None:
    again = validate_model(sources, home / "again", QUESTION)
    assert again.files == done.files
    for name in set(done.files) - {"manifest.json"}:
        assert (again.folder / name).read_bytes() == (done.folder / name).read_bytes(), name


def call(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["prognosis", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    return int(ended.value.code or 0)


def test_wrong_input_ends_in_one_clear_line(
    sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("validate", sources.model, sources.cohort, "--codebook", sources.codebook, "--out")
    assert call(monkeypatch, *command, tmp_path / "a", "--thresholds", ".2,high") == 2
    assert call(monkeypatch, *command, tmp_path / "b", "--sha256", "0" * 64) == 1
    assert call(monkeypatch, *command, tmp_path / "c", "--by", "site") == 1
    assert "Traceback" not in capsys.readouterr().err
    manifest = json.loads((tmp_path / "c/manifest.json").read_text(encoding="utf-8"))
    assert manifest["exit_state"].startswith("failed")


def test_a_cohort_without_the_outcome_or_a_file_that_is_absent_is_refused(sources: Sources, tmp_path: Path) -> None:
    text = sources.codebook.read_text(encoding="utf-8").replace("[variables.rfs]", "[variables.relapse]")
    (tmp_path / "c.toml").write_text(text, encoding="utf-8")
    with pytest.raises(DataContractError):
        validate_model(Sources(sources.model, sources.cohort, tmp_path / "c.toml"), tmp_path / "out", Question())
    with pytest.raises(RunError, match="cannot read it") as caught:
        validate_model(Sources(sources.model, tmp_path / "no.csv", sources.codebook), tmp_path / "x", Question())
    assert caught.value.code == "U01"


def test_help_teaches(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(monkeypatch, "validate", "--help") == 0
    out = " ".join(capsys.readouterr().out.split())
    for word in ("Nothing is refitted", "closed test", "external.json", "--by", "--thresholds", "--sha256"):
        assert word in out


def test_the_training_cohort_is_no_external_one(model: FittedModel, sources: Sources, home: Path) -> None:
    few: dict[str, Any] = {"horizons": [3.0], "metrics": ["harrell_c"]}
    german = model.validate(read_cohort(sources.cohort, codebook=sources.codebook), **few)
    assert "U20" not in [finding.code for finding in german.warnings]
    whole = read_cohort(home / "rotterdam.csv", codebook=sources.codebook)
    own = model.validate(whole, **few)
    assert "U20" in [finding.code for finding in Findings(model, own, None, "", "rotterdam.csv").warnings]
    fewer = model.validate(whole.without([whole.ids[0]], "moved away"), **few)
    assert "U20" not in [finding.code for finding in fewer.warnings]


@pytest.mark.parametrize(
    ("lower", "upper", "said"), [(0.2, 0.4, "upside down"), (0.4, 0.6, "reaches 0.5"), (0.6, 0.7, "")]
)
def test_a_model_at_or_below_chance_is_said_in_plain_words(
    model: FittedModel, sources: Sources, lower: float, upper: float, said: str
) -> None:
    cohort = read_cohort(sources.cohort, codebook=sources.codebook)
    external = model.validate(cohort, [3.0], metrics=["harrell_c"])
    table = external.table.assign(estimate=(lower + upper) / 2, lower=lower, upper=upper)
    found = Findings(model, replace(external, table=table), None, "none", "gbsg.csv")
    second = summary_sentences(found, Wording("en"))[1]
    assert said in second if said else "upside" not in second and "chance" not in second


def test_a_slope_below_zero_does_not_keep_the_order(model: FittedModel, sources: Sources) -> None:
    cohort = read_cohort(sources.cohort, codebook=sources.codebook)
    external = model.validate(cohort, [3.0], metrics=["calibration_slope"])
    updating = model.updating(cohort, "closed-test")
    for slope, said in ((-0.15, "reverses the order"), (0.7, "the order of the patients stays")):
        changed = replace(updating, chosen="slope", slope=slope)
        sentences = summary_sentences(Findings(model, external, changed, "", "gbsg.csv"), Wording("en"))
        assert said in sentences[-2]
