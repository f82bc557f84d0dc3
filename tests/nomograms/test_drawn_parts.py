"""What stands on the lines besides ticks: the cohort, intervals, tails, medians; how many ticks; other forms."""

from __future__ import annotations

import io
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from cohorts.errors import PredictionError
from nomograms import Nomogram
from nomograms.caption import caption_of
from nomograms.crowd import crowd_of
from nomograms.example import example_of
from nomograms.intervals import limits_of
from nomograms.layout import CLOSEST, LAYOUT, LENGTH, Layout
from nomograms.medians import median_of
from nomograms.performance import performance_of
from nomograms.tails import tails_of
from prognosis import Study
from prognosis.models import AcceleratedFailureTime
from tests.nomograms.conftest import DEATH
from tests.nomograms.hand_made import DECLARED, hand_made
from tests.nomograms.test_sheet import sheet

MGUS2_PATIENT = {"age": 76, "sex": "M", "hgb": 10.1, "creat": 1.8}
CREAT = {"creat": {"kind": "numeric", "unit": "mg/dL"}}


@pytest.fixture(scope="module")
def mgus2_nomogram(mgus2_model):
    return Nomogram(mgus2_model)


def test_the_crowd_of_levels_is_their_shares(mgus2_nomogram, mgus2_model):
    axis = next(axis for axis in mgus2_nomogram.scale.axes if axis.variable == "sex")
    women, men = crowd_of(mgus2_model, axis, LAYOUT)
    shares = mgus2_model.profile["sex"].shares
    assert (women.height, men.height) == (pytest.approx(shares[0] / shares[1]), 1.0)
    assert (men.start + men.end) / 2 == pytest.approx(axis.points[1] * LENGTH / 100)


@pytest.mark.parametrize("name", ["age", "hgb", "creat"])
def test_the_crowd_of_a_number_is_the_cohorts(mgus2_nomogram, mgus2_model, mgus2, name):
    """Against the patients themselves: the share of them to the left of the end of each bar."""
    axis = next(axis for axis in mgus2_nomogram.scale.axes if axis.variable == name)
    bars = crowd_of(mgus2_model, axis, LAYOUT)
    fine, x = np.array(axis.fine, float), np.asarray(axis.fine_points) * LENGTH / 100
    values = mgus2.frame[name].to_numpy(float)
    places = np.interp(values[(values >= fine[0]) & (values <= fine[-1])], fine, x)
    heights = np.array([bar.height for bar in bars])
    theirs = [(places <= bar.end).mean() for bar in bars]
    np.testing.assert_allclose(np.cumsum(heights) / heights.sum(), theirs, atol=0.12 if name == "creat" else 0.04)
    assert max(heights) == 1.0
    assert all(x.min() - 1e-9 <= bar.start < bar.end <= x.max() + 1e-9 for bar in bars)


def test_a_folded_axis_and_unknown_shares_have_no_crowd(folded_model, simple):
    folded = Nomogram(folded_model)
    assert crowd_of(folded_model, folded.scale.axes[0], LAYOUT) == ()
    model = simple.model
    bare = {name: replace(entry, density=()) if name == "age" else entry for name, entry in model.profile.items()}
    silent = SimpleNamespace(**{**vars(model), "profile": bare})
    assert crowd_of(silent, simple.scale.axes[0], LAYOUT) == ()


def test_nobody_stands_where_nobody_is():
    """Counts from 1: nothing below one half, most at 1; the axis begins at 0."""
    frame = pd.DataFrame({"nodes": np.concatenate([np.ones(60), np.arange(2.0, 42.0)])})
    model = hand_made([0.1], frame, {"nodes": {"kind": "numeric"}})
    axis = Nomogram(model, limits="rms").scale.axes[0]
    bars = crowd_of(model, axis, LAYOUT)
    per_unit = LENGTH / axis.fine[-1]
    assert axis.fine[0] == 0
    assert bars[0].end > 0.5 * per_unit
    assert 0.5 * per_unit < (max(bars, key=lambda bar: bar.height).start + 1) < 1.5 * per_unit


def test_the_patients_interval_is_that_of_predict(mgus2_nomogram, mgus2_model):
    answer = mgus2_model.predict(MGUS2_PATIENT)
    example = example_of(mgus2_nomogram, MGUS2_PATIENT)
    np.testing.assert_allclose([example.limits[h][0] for h in (24, 60, 120)], answer.lower[0], atol=1e-12)
    np.testing.assert_allclose([example.limits[h][1] for h in (24, 60, 120)], answer.upper[0], atol=1e-12)
    last = sheet(mgus2_nomogram, MGUS2_PATIENT).rows[-1]
    assert last.entry_note == f"({100 * answer.lower[0, 2]:.0f}\u2013{100 * answer.upper[0, 2]:.0f})"
    axis, end = mgus2_nomogram.outcomes[-1], mgus2_nomogram.total_ticks[-1]
    drawn = np.array([last.own.start, last.own.end]) * end / LENGTH
    np.testing.assert_allclose(np.interp(drawn, axis.total_points, axis.risks),
                               [answer.lower[0, 2], answer.upper[0, 2]], atol=0.01)  # fmt: skip
    assert f"risk of the event {100 * answer.risk[0, 0]:.0f} % (" in " ".join(caption_of(mgus2_nomogram, example))


def test_usual_intervals_hold_the_total_and_grow_where_less_is_known(mgus2_nomogram, mgus2_model):
    """Bars at three centiles, each around its total; a second hand finds their width by the covariance."""
    for horizon in (24.0, 60.0, 120.0):
        bars = mgus2_nomogram.intervals[0, horizon]
        assert len(bars) == 3
        assert all(bar.lower < bar.total < bar.upper for bar in bars)
    # the linear predictor alone, at the middle bar: 1.96 standard errors of patients at the means are less
    centred = np.zeros((1, 5))
    width = mgus2_nomogram.intervals[0, 60.0][1]
    least = mgus2_model.estimate.risk(mgus2_model.estimate.means + centred, np.array([60.0]))
    at = [np.interp(part[0, 0], mgus2_nomogram.outcomes[1].risks, mgus2_nomogram.outcomes[1].total_points)
          for part in least[1:]]  # fmt: skip
    assert 0.8 * (at[1] - at[0]) < width.upper - width.lower < 3 * (at[1] - at[0])


def test_a_model_without_intervals_has_none_drawn(simple):
    assert simple.intervals == {}
    assert all(row.entry_note == "" and row.own is None for row in sheet(simple).rows)


def skewed(transform=None):
    frame = pd.DataFrame({"creat": np.concatenate([np.linspace(0.5, 2.5, 199), [22.0]])})
    return hand_made([1.0], frame, CREAT, **({"transforms": {"creat": transform}} if transform else {}))


@pytest.mark.parametrize(("transform", "values"), [(None, 1), ("log", 4)])
def test_tails_are_written_so_that_proportions_serve(transform, values):
    """A straight tail needs its end only; a logarithm three values on the way, within half a point between them."""
    model = skewed(transform)
    nomogram = Nomogram(model)
    (group,) = nomogram.scale.groups
    below, above = tails_of(model, nomogram.scale, group, group.axes[0])
    assert (below, len(above)) == ((), values)
    assert above[-1] == (22.0, pytest.approx(nomogram.points({"creat": 22})["creat"]))
    assert f"22 = {above[-1][1]:.1f}" in " ".join(caption_of(nomogram, example_of(nomogram, None)))
    assert tails_of(model, Nomogram(model, limits="rms").scale, group, Nomogram(model, limits="rms").scale.axes[0]) == (
        (),
        (),
    )


def test_values_in_the_tails_are_read_in_the_caption():
    """A creatinine of 12 lies off the line: between its end and 22 by proportion, where the model is straight."""
    nomogram = Nomogram(skewed(), bound=0.5)
    nomogram.model.door = SimpleNamespace(admit=lambda rows: SimpleNamespace(frame=rows))
    nomogram.model.answering = SimpleNamespace(stratum=lambda rows: None)
    on = nomogram.reading_error_in(pd.DataFrame({"creat": [1.0, 2.0, np.nan]}))
    assert (on.combinations, on.off, on.seed) == (2, 0, None)
    off = nomogram.reading_error_in(pd.DataFrame({"creat": [1.0, 12.0]}))
    assert (off.combinations, off.off) == (2, 1)  # a total beyond the ruler
    with pytest.raises(PredictionError, match=r"\[G26\] none of the patients"):
        nomogram.reading_error_in(pd.DataFrame({"creat": [12.0]}))


def test_the_reading_error_of_the_whole_cohort(mgus2_nomogram, mgus2):
    """All 1,338 patients through the drawn figure, of whom hardly any has a sum off the ruler."""
    error = mgus2_nomogram.reading_error_in(mgus2)
    assert error.combinations == 1338
    assert error.off <= 2
    assert 0 < error.mean < 0.003
    assert error.largest < 0.02


def test_as_few_ticks_as_the_bound_allows(simple):
    """A looser bound, fewer ticks; where the most do not suffice the figure says so."""
    roomy = Nomogram(simple.model, bound=0.2)
    strict = Nomogram(simple.model, bound=1e-6)
    assert roomy.layout.closest > simple.layout.closest >= CLOSEST
    assert roomy.reading_error.largest <= 0.2
    assert roomy.findings == ()
    assert strict.layout.closest == CLOSEST
    (finding,) = strict.findings
    assert (finding.code, finding.severity) == ("G25", "warning")
    caption = caption_of(strict, example_of(strict, None))[-1]
    assert "more than the declared 0.0001" in caption
    ticks = [sum(len(row.strip.ticks) for row in sheet(nomogram).rows) for nomogram in (roomy, strict)]
    assert ticks[0] < 0.7 * ticks[1]
    with pytest.raises(PredictionError, match=r"\[G25\] .*bound=0 is no reading error"):
        Nomogram(simple.model, bound=0)


def test_a_wider_figure_reads_better(simple):
    errors = [Nomogram(simple.model, width=width, bound=1e-6).reading_error_of_lines for width in (85, 180, 260)]
    assert errors[0].mean > errors[1].mean > errors[2].mean
    assert [error.width for error in errors] == [85, 180, 260]
    assert [Layout(width).length for width in (85.0, 180.0, 260.0)] == [75, 120, 200]
    with pytest.raises(PredictionError, match=r"\[G24\] .*20 mm wide.*85 for one column"):
        Nomogram(simple.model, width=20)


def test_median_times_by_hand(simple):
    """Constant hazard: median log 2 / hazard; 50 points a unit. At the means 69.3 months."""
    nomogram = Nomogram(simple.model, median=True)
    (axis,) = nomogram.medians
    centre = float(simple.model.estimate.means @ simple.model.estimate.coefficients)
    exact = (np.log(np.log(2) / (0.01 * axis.times)) + centre - nomogram.scale.constant) * nomogram.scale.per_unit
    np.testing.assert_allclose(axis.total_points, exact, atol=0.01)
    assert median_of(simple.model, centre, 0) == pytest.approx(np.log(2) / 0.01)
    assert median_of(simple.model, centre - 3, 0) is None
    row = sheet(nomogram, {"age": 66.5, "sex": "M"}).rows[-1]
    eta = nomogram.scale.constant + 98 / 50 - centre
    assert row.entry == f"{np.log(2) / 0.01 / np.exp(eta):.3g}"
    assert " ".join(row.label) == "Median time to progression or death, months"
    assert nomogram.to_dict()["medians"][0]["ticks"][0]["time"] == axis.times[0]
    unreached = example_of(nomogram, {"age": 30, "sex": "F"})
    assert "median time not reached within the follow-up" in " ".join(caption_of(nomogram, unreached))


def test_the_median_of_a_parametric_model_is_its_own(mgus2):
    model = Study(mgus2, DEATH, ["age", "hgb"]).fit(AcceleratedFailureTime())
    nomogram, patient = Nomogram(model, median=True), {"age": 70, "hgb": 11}
    total = nomogram.total(patient)
    median = model.survival_time(patient)["time"].iloc[0]
    eta = nomogram.scale.constant + total / nomogram.scale.per_unit
    assert median_of(model, eta, 0) == pytest.approx(median, rel=1e-9)
    (axis,) = nomogram.medians
    assert np.interp(-total, -axis.total_points, axis.times) == pytest.approx(median, rel=0.01)


@pytest.mark.parametrize(
    ("kind", "words"), [("binary", "does not answer at every time"), ("competing", "half of the patients may never")]
)
def test_a_median_that_does_not_exist_is_refused(simple, kind, words):
    model = SimpleNamespace(**vars(simple.model))
    model.endpoint = SimpleNamespace(kind=kind, horizons=())
    with pytest.raises(PredictionError, match=rf"\[G27\] .*{words}"):
        Nomogram(model, [] if kind == "binary" else [12], median=True)


def test_the_table_of_points_as_csv(mgus2_nomogram, tmp_path):
    table = pd.read_csv(mgus2_nomogram.save(tmp_path / "points.csv"))
    assert table.columns.tolist() == ["axis", "label", "value", "points", "place"]
    on = table[table["place"] == "axis"].reset_index(drop=True)
    np.testing.assert_allclose(on["points"], mgus2_nomogram.table["points"], atol=1e-12)
    assert on["axis"].tolist() == mgus2_nomogram.table["variable"].tolist()
    highest = table[(table["axis"] == "creat") & (table["place"] == "tail")].iloc[-1]
    assert highest["points"] == pytest.approx(mgus2_nomogram.points({"creat": float(highest["value"])})["creat"])


def test_a_page_of_text_gives_the_same_risk_by_pencil(mgus2_nomogram, tmp_path):
    """Look up each value by proportion, add, look up the sum: within half a percentage point of the model."""
    page = mgus2_nomogram.save(tmp_path / "n.txt", patient=MGUS2_PATIENT).read_text(encoding="utf-8")
    tables, title = {}, ""
    for line in page.splitlines():
        if not line.startswith("  "):
            title = line or title
        elif len(line.split()) == 2:
            tables.setdefault(title, []).append(line.replace("−", "-").replace(">", "").replace("<", "").split())

    def looked_up(title, value):
        rows = tables[title]
        if isinstance(value, str):
            return float(dict(rows)[value])
        return float(np.interp(value, *np.array(rows, float).T))

    titles = ("Age, years", "Sex", "Haemoglobin, g/dL", "Creatinine, mg/dL")
    total = sum(looked_up(title, value) for title, value in zip(titles, MGUS2_PATIENT.values(), strict=True))
    read = looked_up("Total points: Risk of death by 60 months, %", total)
    assert read == pytest.approx(100 * mgus2_nomogram.risk(mgus2_nomogram.total(MGUS2_PATIENT))[60], abs=0.5)
    assert page.startswith("Nomogram: death\n===============\n")
    assert "Patient: Age 76 years (" in page
    assert max(len(line) for line in page.splitlines()) <= 100


def test_a_picture_for_screen_readers(simple):
    whole, part = (simple.svg(caption=caption) for caption in (True, False))
    assert "<title>Nomogram: progression or death</title>" in whole
    assert "<desc>How to read: find the patient&#x27;s value" in whole
    assert 'role="img">' in whole
    assert "<desc>Nomogram: progression or death</desc>" in part


@pytest.mark.parametrize(
    ("method", "metric", "words"),
    [
        ("bootstrap", "harrell_c", "Harrell's C 0.71 (0.68 to 0.74), corrected for optimism by bootstrap."),
        ("cross-validation", "auc", "AUC 0.71 (0.68 to 0.74), in patients left out (cross-validation)."),
    ],
)
def test_the_caption_tells_how_well_the_model_discriminates(method, metric, words):
    table = pd.DataFrame(
        {"metric": ["ibs", metric], "corrected": [0.1, 0.712], "lower": [0, 0.684], "upper": [1, 0.741]}
    )
    model = SimpleNamespace(name="m", validation=SimpleNamespace(of=lambda name: table, method=method))
    assert performance_of(model, "en") == [words]
    assert performance_of(SimpleNamespace(name="m", validation=None), "en") == []


def test_limits_of_a_stratum_are_those_of_the_stratum(mgus2):
    from prognosis.models import Cox

    model = Study(mgus2, DEATH, ["age", "hgb"]).fit(Cox(strata=["sex"]))
    nomogram, patient = Nomogram(model), {"age": 70, "hgb": 11}
    for place, sex in enumerate("FM"):
        answer = model.predict(patient | {"sex": sex})
        limits = limits_of(nomogram, patient, place)
        np.testing.assert_allclose(
            [limits[h] for h in (24, 60, 120)], np.column_stack([answer.lower[0], answer.upper[0]])
        )


def test_words_for_levels_coded_0_and_1():
    frame = pd.DataFrame({"drug": [0.0, 1.0] * 30, "age": np.linspace(30, 80, 60)})
    nomogram = Nomogram(hand_made([0.5, 0.1], frame, {"drug": {"kind": "binary"}, "age": DECLARED["age"]}))
    row = sheet(nomogram).rows[1]
    assert [label.text for label in row.strip.labels] == ["no", "yes"]
    page = io.StringIO("".join(caption_of(nomogram, example_of(nomogram, {"drug": 1, "age": 40}))))
    assert "drug yes (" in page.read()
