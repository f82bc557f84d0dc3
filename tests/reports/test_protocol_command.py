"""`prognosis images protocol` on a folder of phantoms, with a stub for the network: files, figure, page, refusals."""

from __future__ import annotations

import json
import sys
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from cohorts.errors import ImageError, RunError
from imaging_head.phantoms import CODEBOOK
from imaging_head.protocol_measures import measure
from imaging_head.protocol_run import run_rounds
from imaging_head.protocols import BENIGN_MALIGNANT, SCREENING
from imaging_head.strata import GroupsOfStrata, patients_of
from reports import command_line, protocol_study
from reports.contents.rounds_roc import rounds_roc_content
from reports.figures.rounds_roc import rounds_roc_figure
from reports.fonts import choose_fonts
from reports.protocol_asked import Settings, Sources
from reports.protocol_labels import read_labels, read_sides
from reports.protocol_sentences import sentences_of
from reports.wording import Wording
from tests.imaging_head.stub_learner import MeanGrey, grey_films, stopped_in
from tests.reports.rendered import pdf_text, squeezed

pytestmark = pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")
ENGLISH = Wording("en")
GREY = {"normal": 0.45, "benign": 0.5, "malignant": 0.55, "other": 0.5}
COUNTS = {"normal": 11, "benign": 10, "malignant": 15, "other": 2}


def call(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["prognosis", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    return int(ended.value.code or 0)


def make_folder(folder: Path) -> pd.DataFrame:
    """Write grey PNG films, two of the first patient, and the index with group and age; return the index."""
    folder.mkdir()
    random = np.random.default_rng(3)
    rows = []
    groups = [group for group, number in COUNTS.items() for _ in range(number)]
    for row, group in enumerate([groups[0], *groups]):
        pixels = np.clip(255 * (GREY[group] + random.normal(0, 0.1, (32, 32)) + random.normal(0, 0.04)), 0, 255)
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"f{row:02d}.png")
        rows.append({"film": f"f{row:02d}.png", "patient": f"P{max(row - 1, 0):02d}", "group": group, "age": 20 + row})
    rows[0]["age"] = rows[1]["age"]
    index = pd.DataFrame(rows)
    index.to_csv(folder / "index.csv", index=False)
    return index


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("films") / "made"
    make_folder(place)
    return place


@pytest.fixture(scope="module")
def run(folder, tmp_path_factory):
    """The command, once, with the stub in the place of the network."""
    out = tmp_path_factory.mktemp("run") / "out"
    with pytest.MonkeyPatch.context() as patch:
        asked = []
        patch.setattr(protocol_study, "resnet", lambda settings, weights: asked.append(settings) or MeanGrey())
        options = ["--image-size", 32, "--epochs", 2, "--seed", 4]
        assert call(patch, "images", "protocol", folder / "index.csv", "--out", out, *options) == 0
    assert asked == [Settings(image_size=32, epochs=2, seed=4)]
    return out


@pytest.fixture(scope="module")
def results(run):
    return json.loads((run / "results.json").read_text())


def test_the_results_hold_the_design_and_every_number(results):
    assert results["films"] == {"index": "index.csv", "films": 37, "patients": 36}
    assert results["left_out"] == {"group: other": 2}
    tasks = results["tasks"]
    assert [len(tasks[name]["rounds"]) for name in ("screening", "benign-malignant")] == [5, 10]
    ten = tasks["benign-malignant"]
    assert [each["groups"] for each in ten["rounds"]] == [list(pair) for pair in combinations(range(1, 6), 2)]
    assert all((each["trained"], each["trained_events"]) == (15, 9) for each in ten["rounds"])
    assert all((each["tested"], each["events"]) == (10, 6) for each in ten["rounds"])
    assert (ten["times_tested"], ten["patients"]) == (4, 25)
    lone = {(line["predictor"], line["metric"]): line for line in ten["means"]}
    assert lone["majority", "accuracy"]["mean"] == pytest.approx(0.6)
    assert "no spread" in lone["majority", "accuracy"]["reason"]
    assert lone["majority", "accuracy"]["lower"] is None
    assert {line["metric"] for line in ten["gains"] if line["over"] == "age"} == {"auc", "accuracy", "brier"}
    assert results["network"].startswith("ResNet34, one grey channel, 32 pixels, at most 2 epochs, random weights")


def test_every_null_has_a_reason(results):
    for task in results["tasks"].values():
        for table in ("performance", "pooled", "means", "gains"):
            for line in task[table]:
                assert (None in line.values()) == ("reason" in line)


def test_predictions_are_of_patients_who_were_left_out_and_give_the_counts_again(run, results):
    found = pd.read_csv(run / "predictions.csv")
    assert found.groupby("task")["patient"].value_counts().groupby("task").unique().map(list).to_dict() == {
        "benign-malignant": [4],
        "screening": [1],
    }
    assert found["risk"].between(0, 1).all()
    lines = pd.read_csv(run / "rounds.csv")
    chosen = lines[(lines["task"] == "benign-malignant") & (lines["predictor"] == "image")]
    counted = chosen[chosen["metric"] == "sensitivity"]["count"].sum()
    ten = found[found["task"] == "benign-malignant"]
    assert counted == ((ten["event"] == 1) & (ten["risk"] >= 0.5)).sum()
    pooled = {(line["predictor"], line["metric"]): line for line in results["tasks"]["benign-malignant"]["pooled"]}
    assert pooled["image", "sensitivity"]["count"] == counted
    assert pooled["image", "sensitivity"]["total"] == 60


def test_the_page_says_what_a_clinician_has_to_know(run):
    text = pdf_text((run / "summary.pdf").read_bytes())
    for sentence in (
        "malignantagainstbenign:10rounds.Ineachanetworkistrainedon15patients(9malignant)",
        "Everypatientisjudged4times,bynetworksthatneversawthepatient.",
        "Callingeverybodymalignant,withoutanyfilm,reaches0.60",
        "5bychance,eachwith2benign,3malignant,2–3normal",
        "group:other:2",
    ):
        assert sentence in text
    markup = (run / "summary.html").read_text()
    assert squeezed("Age alone reaches a mean AUC of") in squeezed(markup)
    assert (run / "figures" / "roc_benign-malignant.pdf").read_bytes().startswith(b"%PDF")


def test_a_run_that_was_stopped_goes_on_where_it_was(folder, tmp_path, monkeypatch):
    sources = Sources(folder / "index.csv")
    settings, out = Settings(image_size=32, seed=4, task="benign-malignant"), tmp_path / "out"
    with pytest.raises(KeyboardInterrupt), stopped_in(3):
        protocol_study.run_protocol(sources, settings, out, learner=MeanGrey())
    assert json.loads((out / "manifest.json").read_text())["exit_state"] == "interrupted"
    # what was trained is looked at here, and not drawn again
    monkeypatch.setattr(protocol_study, "_write", lambda done, folder, created: finished.append(done))
    finished, said, learner = [], [], MeanGrey()
    protocol_study.run_protocol(sources, settings, out, True, said.append, learner)
    assert len(learner.seen) == 8
    assert "benign-malignant: 2 of 10 rounds done" in said
    assert said[-1] == "benign-malignant: 10 of 10 rounds done"
    rounds, _ = finished[0].tasks["benign-malignant"]
    assert (len(rounds.made), len(rounds.predictions)) == (10, 100)
    assert rounds.predictions["risk"].notna().all()


# The table of strata.


def labelled(path, spec, filmed, codebook=None, task="both"):
    sides = read_sides(spec)
    return read_labels(path, codebook, sides, sides.contrasts(task), tuple(filmed))


def write(path, text):
    path.write_text(text)
    return path


def test_a_cohort_with_a_codebook_gives_the_same_as_a_plain_table(tmp_path):
    from imaging_head import simulate_knees

    made = simulate_knees({"normal": 3, "benign": 2, "malignant": 4}, size=16)
    made.table["age"] += 1 / 3
    made.table.reset_index().to_csv(tmp_path / "c.csv", index=False)
    made.table.reset_index().rename(columns={"pid": "patient"}).to_csv(tmp_path / "p.csv", index=False)
    spec = "group=normal/benign/malignant"
    cohort = labelled(tmp_path / "c.csv", spec, made.table.index, CODEBOOK).table
    pd.testing.assert_frame_equal(cohort, labelled(tmp_path / "p.csv", spec, made.table.index).table)
    assert cohort["age"].tolist() == made.table["age"].tolist()


def test_a_level_that_is_a_number_is_named_as_it_was_written(tmp_path):
    book = '[variables.pid]\nkind = "id"\n[variables.kl]\nkind = "numeric"\none_unit_checked = true\n'
    write(tmp_path / "b.toml", book)
    write(tmp_path / "c.csv", "pid,kl\na,0\nb,2\nc,\n")
    found = labelled(tmp_path / "c.csv", "kl=0/2", "abc", tmp_path / "b.toml", "screening")
    assert found.table["stratum"].to_dict() == {"a": "0", "b": "2"}
    assert found.left_out == {"kl: no stratum": 1}


def test_sides_of_several_levels_and_of_one_task():
    sides = read_sides("kl = 0/1+2/3 + 4")
    assert sides.levels == (("0",), ("1", "2"), ("3", "4"))
    screening, grades = sides.contrasts("both")
    assert (screening.event, screening.other, screening.test_groups) == (("1", "2", "3", "4"), ("0",), 1)
    assert (grades.event, grades.other, grades.test_groups) == (("3", "4"), ("1", "2"), 2)
    (alone,) = read_sides("kl=0+1/2").contrasts("benign-malignant")
    assert (alone.event, alone.other) == (("2",), ("0", "1"))
    with pytest.raises(RunError, match="2 sides are declared for the task both"):
        read_sides("kl=0+1/2").contrasts("both")


@pytest.mark.parametrize("spec", ["normal/benign", "x=a", "x=a/a", "x=a/b/c/d", "x=a//b", "=a/b"])
def test_a_declaration_that_says_no_sides_is_refused(spec):
    with pytest.raises(RunError, match="I69"):
        read_sides(spec)


@pytest.mark.parametrize(
    ("text", "code", "rule"),
    [
        ("patient,x\na,1\nb,2\n", "I66", "no such column"),
        ("patient,group\na,b\na,m\nb,m\n", "I66", "differ in group"),
        ("patient,group,age\na,b,3\na,b,4\nb,m,5\n", "I67", "differ in age"),
        ("patient,group\na,b\n", "I66", "1 patients with films are not in the table"),
        ("patient,group\na,b\nb,c\n", "I65", "nobody has the level m"),
        ("patient,group,age\na,b,\nb,m,5\n", "I67", "age is missing"),
        ("patient,group,age\na,b,old\nb,m,5\n", "I67", "age is missing"),
        ("patient,group,age\na,b,999\nb,m,5\n", "I67", "none that a person has"),
    ],
)
def test_a_table_that_cannot_be_meant_is_refused(tmp_path, text, code, rule):
    with pytest.raises(ImageError, match=rule) as caught:
        labelled(write(tmp_path / "t.csv", text), "group=b/m", ("a", "b"), task="benign-malignant")
    assert caught.value.code == code


def test_patients_without_film_or_stratum_are_counted_and_left_out(tmp_path):
    text = "patient,group\na,b\nb,m\nc,m\nd,x\ne,\n"
    found = labelled(write(tmp_path / "t.csv", text), "group=b/m", tuple("abde"), task="benign-malignant")
    assert found.table["stratum"].to_dict() == {"a": "b", "b": "m"}
    assert found.left_out == {"group: x": 1, "group: no stratum": 1, "no film": 1}


def test_faults_are_one_line_and_exit_code_1(folder, tmp_path, monkeypatch, capsys):
    arguments = ["images", "protocol", folder / "index.csv", "--out", tmp_path / "out", "--strata", "diagnosis=a/b/c"]
    assert call(monkeypatch, *arguments) == 1
    assert "[I66]" in capsys.readouterr().err
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["exit_state"] == "failed: ImageError"


# The figure and the sentences.


def made_rounds(light, contrast=BENIGN_MALIGNANT, ages=None, noise=0.05):
    strata = pd.Series(["normal"] * 30 + ["benign"] * 20 + ["malignant"] * 30, [f"P{row:02d}" for row in range(80)])
    table = patients_of(strata, ages if ages is None else pd.Series(ages, strata.index))
    table["group"] = GroupsOfStrata(5).deal(strata)
    films = grey_films(table.index, light * (strata == "malignant").to_numpy(), noise)
    found = run_rounds(contrast, table, films, MeanGrey())
    return found, measure(found)


@pytest.fixture(scope="module")
def drawn():
    found = made_rounds(0.05, ages=np.linspace(10, 80, 80))
    content = rounds_roc_content(*found, ENGLISH)
    return found, content, rounds_roc_figure(content, choose_fonts("ABC", "en"))


def test_the_figure_has_every_round_the_mean_and_age(drawn):
    (_, measures), content, picture = drawn
    assert len(content.rounds) == 10
    for curve in (*content.rounds, content.mean, content.age):
        assert (curve.false_positive[0], curve.sensitivity[0]) == (0, 0)
        assert (curve.false_positive[-1], curve.sensitivity[-1]) == (1, 1)
        assert np.diff(curve.false_positive).min() >= 0
    areas = [np.trapezoid(curve.sensitivity, curve.false_positive) for curve in content.rounds]
    mean = measures.mean_of("auc")
    assert np.mean(areas) == pytest.approx(mean["mean"])
    assert np.trapezoid(content.mean.sensitivity, content.mean.false_positive) == pytest.approx(mean["mean"])
    interval = f"{mean['mean']:.2f} ({mean['lower']:.2f} to {mean['upper']:.2f})"
    assert content.mean.label == f"mean of 10 rounds, AUC {interval}"
    assert content.alt.startswith(f"malignant against benign: ROC curves of 10 rounds and their mean, AUC {interval}.")
    # ten thin lines, two thick ones, chance, and their samples in the legend
    assert picture.svg.count("stroke: #8fa5ba") == 11
    assert "age alone, AUC" in picture.lettered
    assert (picture.width, picture.height) == (85, 105)


def test_without_ages_the_figure_has_no_such_curve_and_the_page_says_so():
    found = made_rounds(0.05, SCREENING)
    assert rounds_roc_content(*found, ENGLISH).age is None
    assert "Ages are not given: what age alone would reach is not known." in sentences_of(*found, ENGLISH)


@pytest.mark.parametrize(
    ("light", "noise", "says"),
    [
        (0.2, 0.05, ["The interval lies above 0.5", "It is better than that (p"]),
        (0.0, 0.05, ["The interval holds 0.5", "It is not shown to be better than that"]),
        (-0.1, 0.05, ["The interval lies below 0.5", "It is worse than that"]),
        (0.4, 0.001, ["Mean AUC 1.00. It is the same in all rounds: without spread there is no interval"]),
    ],
)
def test_the_sentences_follow_the_numbers(light, noise, says):
    text = " ".join(sentences_of(*made_rounds(light, noise=noise), ENGLISH))
    for sentence in says:
        assert sentence in text


def test_age_that_tells_the_sides_apart_is_named_as_a_way_to_be_misled():
    ages = np.where(np.arange(80) < 50, 50, 20) + np.random.default_rng(2).normal(0, 12, 80).clip(-15, 30)
    text = " ".join(sentences_of(*made_rounds(0.0, ages=ages), ENGLISH))
    assert "a network may have learnt age" in text


def test_the_sentences_exist_in_chinese():
    text = "".join(sentences_of(*made_rounds(0.05), Wording("zh")))
    assert "每名患者被评价4次" in text


def test_the_network_is_the_one_that_was_declared(monkeypatch):
    # torch takes seconds to import and has no say here
    monkeypatch.setitem(sys.modules, "imaging_head.resnet_head", SimpleNamespace(ResNet34Head=dict))
    head = protocol_study.resnet(Settings(image_size=64, epochs=3, seed=5), Path("w.safetensors"))
    assert head == {"image_size": 64, "epochs": 3, "seed": 5, "weights": Path("w.safetensors")}
