"""Area under the ROC curve: by hand, by pROC's numbers, by looking at every pair, and its laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts.errors import DataContractError, PredictionError
from prognosis.metrics.binary_predictions import Estimated
from prognosis.metrics.roc import compare_paired, compare_unpaired, roc_auc, roc_curve
from tests.prognosis.made_binary import EVENT, OTHER, RISK, patients, small_cohorts

FEW_EVENT = np.array([1, 1, 1, 0, 0, 0, 0])
FEW_MARKER = np.array([3.0, 2.0, 1.0, 2.0, 1.0, 0.0, 0.0])


def slow_area(event, marker):
    """Area and DeLong's variance from the table of all pairs."""
    cases, controls = marker[event == 1], marker[event == 0]
    wins = (cases[:, None] > controls) + 0.5 * (cases[:, None] == controls)
    variance = wins.mean(axis=1).var(ddof=1) / len(cases) + wins.mean(axis=0).var(ddof=1) / len(controls)
    return wins.mean(), variance


def test_area_and_error_by_hand():
    """Of 12 pairs 9 are right and 2 tied. Cases win 1, .875 and .625; controls lose 2.5/3, 1.5/3... of the cases."""
    found = roc_auc(FEW_EVENT, FEW_MARKER)
    assert found.estimate[0] == pytest.approx(10 / 12, rel=1e-15)
    cases = np.array([1.0, 3.5 / 4, 2.5 / 4])
    controls = np.array([1.5, 2.5, 3.0, 3.0]) / 3
    expected = ((cases - 10 / 12) ** 2).sum() / (2 * 3) + ((controls - 10 / 12) ** 2).sum() / (3 * 4)
    assert found.std_err[0] ** 2 == pytest.approx(expected, rel=1e-14)
    assert (found.events, found.others, found.warnings) == (3, 4, ())


def test_proc_says_the_same():
    """Values of pROC 1.18: var, ci.auc, roc.test paired and unpaired by DeLong."""
    first, second = roc_auc(EVENT, RISK), roc_auc(EVENT, OTHER)
    assert first.estimate[0] == pytest.approx(0.66, rel=1e-14)
    assert first.std_err[0] ** 2 == pytest.approx(0.0165333333333333, rel=1e-13)
    assert np.ravel(first.limits()) == pytest.approx([0.407983891053, 0.912016108947], rel=1e-11)
    assert second.std_err[0] ** 2 == pytest.approx(0.0168277777777778, rel=1e-13)
    paired = compare_paired(first, second)
    assert (paired.statistic, paired.p) == pytest.approx((0.108964906843820, 0.913230324833934), rel=1e-12)
    assert paired.limits() == pytest.approx((-0.0849355600491286, 0.0949355600491284), rel=1e-12)
    apart = compare_unpaired(first, second)
    values = (0.0273747241154981, 37.9970401106025122, 0.9783041308445791)
    assert (apart.statistic, apart.freedom, apart.p) == pytest.approx(values, rel=1e-11)


@given(small_cohorts())
def test_every_pair_looked_at(cohort):
    event, risk = cohort
    found = roc_auc(event, risk)
    area, variance = slow_area(event, risk)
    assert found.estimate[0] == pytest.approx(area, abs=1e-14)
    assert found.std_err[0] ** 2 == pytest.approx(variance, abs=1e-14)


@given(small_cohorts(), st.randoms(use_true_random=False))
def test_laws(cohort, chance):
    """Order of patients and any rising transformation change nothing; the opposite marker has the rest."""
    event, risk = cohort
    found = roc_auc(event, risk)
    order = np.array(chance.sample(range(len(event)), len(event)))
    shuffled, risen, turned = (
        roc_auc(event[order], risk[order]),
        roc_auc(event, np.exp(5 * risk)),
        roc_auc(event, -risk),
    )
    assert shuffled.influence[:, 0] == pytest.approx(found.influence[order, 0], abs=1e-15)
    assert risen.estimate == found.estimate
    assert turned.estimate[0] == pytest.approx(1 - found.estimate[0], abs=1e-14)
    assert turned.std_err == pytest.approx(found.std_err, abs=1e-14)


def test_paired_error_is_that_of_the_differences_in_every_pair():
    event, risk = patients()
    other = np.clip(risk + np.random.default_rng(1).normal(0, 0.2, len(risk)), 0.01, 0.99)
    found = compare_paired(roc_auc(event, risk), roc_auc(event, other))
    lost = [risk[event == 1][:, None], other[event == 1][:, None]]
    wins = [
        (high > low) + 0.5 * (high == low)
        for high, low in zip(lost, (risk[event == 0], other[event == 0]), strict=True)
    ]
    gap = wins[0] - wins[1]
    variance = sum(gap.mean(axis=axis).var(ddof=1) / gap.shape[1 - axis] for axis in (0, 1))
    assert found.difference == pytest.approx(gap.mean(), rel=1e-12)
    assert found.std_err**2 == pytest.approx(variance, rel=1e-12)


def test_a_prediction_against_itself_does_not_differ():
    area = roc_auc(EVENT, RISK)
    same = compare_paired(area, area)
    assert (same.difference, same.std_err, same.statistic, same.p) == (0.0, 0.0, 0.0, 1.0)


def test_interval_covers_the_true_area():
    """Normal markers one standard deviation apart: the area is Phi(1 / sqrt 2) = .7602."""
    draw, event = np.random.default_rng(8), np.repeat([0, 1], 40)
    covered = 0
    for _ in range(600):
        lower, upper = roc_auc(event, draw.normal(size=80) + event).limits()
        covered += bool(lower[0] <= 0.7602499389 <= upper[0])
    assert 0.92 < covered / 600 < 0.97


def test_curve_of_r():
    """pROC::roc, from the highest threshold down."""
    curve = roc_curve(EVENT, RISK)
    rising = [0.15, 0.2025, 0.2525, 0.305, 0.355, 0.425, 0.475, 0.501, 0.551, 0.65, 0.75, 0.875]
    assert curve.threshold == pytest.approx([np.inf, *rising[::-1], -np.inf], rel=1e-14)
    assert curve.sensitivity[::-1] == pytest.approx([1, .9, .8, .8, .8, .7, .6, .6, .4, .3, .3, .1, .1, 0])  # fmt: skip
    assert curve.specificity[::-1] == pytest.approx([0, .2, .3, .4, .5, .6, .6, .7, .8, .8, .9, .9, 1, 1])  # fmt: skip
    assert list(curve.table().columns) == ["threshold", "sensitivity", "specificity"]


@given(small_cohorts())
def test_area_under_the_curve_is_the_area(cohort):
    event, risk = cohort
    curve = roc_curve(event, risk)
    assert np.trapezoid(curve.sensitivity, 1 - curve.specificity) == pytest.approx(
        roc_auc(event, risk).estimate[0], abs=1e-12
    )


def test_neighbours_without_a_number_between_keep_apart():
    low = 0.3
    curve = roc_curve(np.array([0, 1]), np.array([low, np.nextafter(low, 1)]))
    assert curve.threshold[1] == np.nextafter(low, 1)
    assert (curve.sensitivity[1], curve.specificity[1]) == (1.0, 1.0)


def test_doubts_are_told():
    constant = roc_auc(np.array([0, 0, 1, 1]), np.full(4, 0.4))
    assert constant.estimate[0] == 0.5
    assert "C=0.5 by ties" in str(constant.warnings[0])
    perfect = roc_auc(np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.7, 0.8]))
    assert (perfect.estimate[0], perfect.std_err[0]) == (1.0, 0.0)
    assert [finding.code for finding in perfect.warnings] == ["V24"]


def test_a_single_event_has_no_error():
    assert np.isnan(roc_auc(np.array([0, 0, 1]), np.array([0.1, 0.5, 0.4])).std_err[0])


@pytest.mark.parametrize(
    ("event", "risk", "code", "word"),
    [
        ([0, 1, 1], [0.1, 0.2], "V20", "3 outcomes"),
        ([0, 1], ["low", "high"], "V20", "no numbers"),
        ([0, 1], [0.1, np.nan], "M01", "score is missing"),
        ([0, 0], [0.1, 0.2], "M03", "0 events"),
        ([1, 1], [0.1, 0.2], "M03", "every patient"),
        ([0, 2], [0.1, 0.2], "T10", "0 or 1"),
    ],
)
def test_refused(event, risk, code, word):
    with pytest.raises(DataContractError, match=word) as caught:
        roc_auc(np.array(event), np.array(risk))
    assert caught.value.code == code


def test_other_patients_are_no_pair():
    with pytest.raises(PredictionError, match="same patients"):
        compare_paired(roc_auc(EVENT, RISK), roc_auc(EVENT[:-1], RISK[:-1]))


def test_table_and_cut_limits():
    found = Estimated(("auc",), np.array([0.95]), np.array([[0.03], [0.04]]), (0.0, 1.0))
    line = found.table().iloc[0]
    assert (line["metric"], line["estimate"], line["upper"]) == ("auc", 0.95, 1.0)
    assert line["std_err"] == pytest.approx(0.05)
    assert line["lower"] == pytest.approx(0.95 - 1.959963984540054 * 0.05)
