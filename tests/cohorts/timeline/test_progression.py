"""IMWG progression on scripted patients, at every limit from both sides, and against a slow loop."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohorts.errors import DataContractError
from cohorts.timeline import PFS, Assessments, ProgressionRule
from tests.cohorts.timeline.scripted import assessed, dates, day, found, timeline, visit

NAN = math.nan


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([4, 2, 1, 1, 1.4, 1.4], None),  # 40 % without an absolute rise of 0.5
        ([4, 2, 1, 1, 1.49, 1.49], None),
        ([4, 2, 1, 1, 1.5, 1.5], 4),
        ([5, 3, 2.3 - 0.5, 2.3 - 0.5, 2.3, 2.3], 4),  # 0.5 as written, less in binary
        ([4, 4, 4, 4.99, 4.99], None),  # 0.99 is less than 25 % of 4
        ([4, 4, 4, 5, 5], 3),
        ([4, 2, 1, 1, 3, 1, 3], None),  # never confirmed by the next value
        ([4, 2, 1, 1, 3, 3], 4),
        ([4, 2, 1, 1, 3, 1.4, 3, 3], 6),
        ([8, 6, 5, 5, 5.99, 5.99], None),  # lowest 5 g/dL: 1 g/dL is needed, and enough
        ([8, 6, 5, 5, 6, 6], 4),
        ([8, 6, 4.9, 4.9, 5.9, 5.9], None),  # below 5 g/dL 25 % are needed
        ([8, 6, 4.9, 4.9, 6.125, 6.125], 4),
        ([4, 0, 0, 0.49, 0.49], None),
        ([4, 0, 0, 0.5, 0.5], 3),
        ([2, 3, 3], 1),  # the value at the start is the first reference
        ([4, 1, 2, 2.4, 2.4], None),  # one low value is not the lowest confirmed one: that is 2
        ([4, 1, 2, 2.5, 2.5], 3),
        ([4, 1, NAN, 1, 3, NAN, 3], 4),  # not measured is neither low nor a confirmation
        ([4, 1, 1, 3], None),
        ([4], None),
    ],
)
def test_serum(values: list[float], expected: float | None) -> None:
    assert visit(found(serum_m=values)) == expected


def test_a_single_lowest_value_counts_when_asked() -> None:
    assert visit(found(ProgressionRule(nadir="lowest"), serum_m=[4, 1, 2, 2, 2])) == 2


def test_date_of_the_confirmation_when_asked() -> None:
    first = found(serum_m=[4, 1, 1, 3, 3])
    second = found(ProgressionRule(dated="confirmation"), serum_m=[4, 1, 1, 3, 3])
    assert (visit(first), visit(second)) == (3, 4)
    assert first.last_free[0] == second.last_free[0] == first.day[0] - 28


@pytest.mark.parametrize(
    ("values", "expected"),
    [([900, 100, 100, 299, 299], None), ([900, 100, 100, 300, 300], 3), ([2000, 1000, 1000, 1249, 1249], None)],
)
def test_urine(values: list[float], expected: float | None) -> None:
    assert visit(found(urine_m=values)) == expected


LIGHT = {"serum_m": [0, 0, 0, 0, 0], "urine_m": [50, 0, 0, 0, 0]}


def test_light_chain_disease_needs_more_than_ten_mg_per_dl() -> None:
    assert visit(found(**LIGHT, dflc=[80, 5, 5, 15, 15])) is None
    assert visit(found(**LIGHT, dflc=[80, 5, 5, 15.1, 15.1])) == 3


def test_light_chains_do_not_count_beside_measurable_protein() -> None:
    assert visit(found(serum_m=[3, 1, 1, 1, 1], urine_m=[0] * 5, dflc=[80, 5, 5, 50, 50])) is None
    assert visit(found(serum_m=[0.99, 0, 0, 0, 0], urine_m=[199] + [0] * 4, dflc=[80, 5, 5, 50, 50])) == 3
    assert visit(found(serum_m=[1, 0, 0, 0, 0], urine_m=[0] * 5, dflc=[80, 5, 5, 50, 50])) is None
    assert visit(found(serum_m=[0] * 5, urine_m=[200] + [0] * 4, dflc=[80, 5, 5, 50, 50])) is None


def test_not_measured_is_not_unmeasurable() -> None:
    progression = found(dflc=[80, 5, 5, 50, 50])
    assert visit(progression) is None
    assert [(f.code, f.rows) for f in progression.warnings] == [("D59", ("p0",))]
    assert visit(found(ProgressionRule(unmeasured="unmeasurable"), dflc=[80, 5, 5, 50, 50])) == 3


def test_the_involved_chain_is_that_of_the_ratio_at_the_start() -> None:
    chain = {"lambda": [90.0, 5, 5, 40, 40], "kappa": [1.0, 1, 1, 1, 1]}
    assert visit(found(**LIGHT, **chain)) == 3
    assert visit(found(**LIGHT, **(chain | {"kappa": [1.0, 1, 1, 30.1, 30.1]}))) is None
    assert visit(found(**LIGHT, kappa=chain["lambda"], **{"lambda": chain["kappa"]})) == 3
    assert visit(found(**LIGHT, kappa=[1.6, 1, 1, 40, 40], **{"lambda": [1.0] * 5})) is None


def test_marrow_counts_only_where_nothing_else_is_measurable() -> None:
    few = {**LIGHT, "dflc": [2, 1, 1, 1, 1]}
    assert visit(found(**few, marrow=[40, 5, NAN, 14, NAN])) is None
    assert visit(found(**few, marrow=[40, 5, NAN, 15, NAN])) == 3
    assert visit(found(**{**few, "dflc": [10, 1, 1, 1, 1]}, marrow=[40, 5, NAN, 30, NAN])) is None
    both = ProgressionRule(confirm=("serum_m", "urine_m", "dflc", "marrow"))
    assert visit(found(both, **few, marrow=[40, 5, NAN, 15, NAN])) is None


def test_lesion_and_calcium() -> None:
    assert visit(found(serum_m=[3, 1, 1, 1], lesions=[1, 0, 1, 0])) == 2
    assert visit(found(serum_m=[3, 1, 1, 1], calcium=[14, 9, 11.5, 11.5])) is None
    assert visit(found(serum_m=[3, 1, 1, 1], calcium=[14, 9, 11.6, 11.6])) == 2


def test_the_earliest_marker_decides() -> None:
    progression = found(serum_m=[3, 1, 1, 1, 2, 2], urine_m=[500, 0, 0, 300, 300, 300])
    assert (visit(progression), progression.marker[0]) == (3, "urine_m")
    assert "urine M-protein 300 mg/24h, lowest 0, rise 300, confirmed 2020-04-22" in progression.reason(0)


def test_units_are_converted_as_declared() -> None:
    patient = timeline(dates())
    grams = patient.progression(assessed({"serum_m": "g/L"}, serum_m=[40, 10, 10, 15, 15]))
    litres = assessed({"dflc": "mg/L"}, serum_m=[0.0] * 5, urine_m=[0.0] * 5, dflc=[800, 50, 50, 150, 150])
    assert (visit(grams), grams.value[0], visit(patient.progression(litres))) == (3, 1.5, None)


@pytest.mark.parametrize(
    ("units", "values", "code"),
    [
        ({"serum_m": "g"}, {"serum_m": [3.0]}, "D56"),
        ({}, {"serum_m": [35.0]}, "D57"),
        ({}, {"serum_m": [-1.0]}, "D57"),
        ({}, {"serum_m": [3.0], "lesions": [2.0]}, "D57"),
        ({}, {"calcium": [9.0]}, "D56"),
        ({}, {"serum_m": [3.0], "kappa": [2.0]}, "D56"),
        ({}, {"kappa": [300.0] * 12, "lambda": [12.0] * 12}, "D57"),
        ({"kappa": "mg/L", "lambda": "mg/L"}, {"kappa": [30.0] * 12, "lambda": [0.5] * 12}, "D57"),
    ],
)
def test_units_and_values_are_checked(units: dict[str, str], values: dict[str, list[float]], code: str) -> None:
    with pytest.raises(DataContractError) as caught:
        assessed(units, **values)
    assert {f.code for f in caught.value.findings} == {code}


def test_an_undeclared_unit_is_refused() -> None:
    frame = pd.DataFrame({"pid": ["p0"], "date": [day(0)], "serum_m": [3.0], "calcium": [9.0]})
    with pytest.raises(DataContractError, match="unit of calcium is not declared"):
        Assessments(frame, {"serum_m": "g/dL"})


def test_a_protein_that_nobody_has_in_measurable_amount_is_doubted() -> None:
    n = 12
    frame = pd.DataFrame({"pid": [f"p{i}" for i in range(n)], "date": day(0), "serum_m": 3.0})
    progression = timeline(dates(n=n)).progression(Assessments(frame, {"serum_m": "g/L"}))
    assert [f.code for f in progression.warnings] == ["D58"]


def slow(values: list[float]) -> int | None:
    """Find progression in serum as one would read it from a chart, one value after the other."""
    for i in range(1, len(values) - 1):
        lowest = min([values[0], *(max(values[j - 1], values[j]) for j in range(1, i))])

        def enough(value: float, lowest: float = lowest) -> bool:
            rise = round(value - lowest, 6)
            return (rise >= 0.5 and rise >= round(0.25 * lowest, 6)) or (lowest >= 5 and rise >= 1)

        if enough(values[i]) and enough(values[i + 1]):
            return i
    return None


SERIES = st.lists(st.integers(0, 80).map(lambda x: x / 10), min_size=1, max_size=12)


@settings(max_examples=30, deadline=None)
@given(st.lists(SERIES, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_many_patients_in_any_order_are_as_the_slow_loop(many: list[list[float]], random: object) -> None:
    rows = [
        {"pid": f"p{i}", "date": day(k), "serum_m": value}
        for i, values in enumerate(many)
        for k, value in enumerate(values)
    ]
    random.shuffle(rows)  # type: ignore[attr-defined]
    progression = timeline(dates(n=len(many))).progression(Assessments(pd.DataFrame(rows), {"serum_m": "g/dL"}))
    got = progression.frame["progression"]
    expected = [slow(values) for values in many]
    assert [None if pd.isna(date) else (date - day(0)).days / 28 for date in got] == expected


@settings(max_examples=30, deadline=None)
@given(SERIES, st.integers(0, 80))
def test_a_later_visit_never_moves_progression_earlier(values: list[float], later: int) -> None:
    before, after = visit(found(serum_m=values)), visit(found(serum_m=[*values, later / 10]))
    if before is not None:
        assert after == before
    else:
        assert after is None or after >= len(values) - 1


def test_progression_free_survival_and_its_reasons() -> None:
    def pfs(death: float | None, values: list[float]) -> pd.Series:
        patient = timeline(dates(death, last=30 if death is None else death))
        progression = patient.progression(assessed(serum_m=values))
        return patient.derive(PFS, unit="days", origin="start", progression=progression).frame.iloc[0]

    one = pfs(None, [4, 1, 1, 3, 3])
    assert (one["time"], one["event"], one["last_free"]) == (84, 1, 56)
    assert one["audit"] == (
        "progression on 2020-03-25: serum M-protein 3 g/dL, lowest 1, rise 2 (200%), confirmed 2020-04-22"
    )
    unconfirmed = pfs(None, [4, 1, 1, 3])
    assert (unconfirmed["time"], unconfirmed["event"]) == (84, 0)
    assert "censored at last assessment on 2020-03-25; rise on 2020-03-25 reached" in unconfirmed["audit"]
    dead = pfs(5, [4, 1, 1, 3])
    assert (dead["time"], dead["event"]) == (140, 1)
    assert np.isnan(dead["last_free"])
    assert dead["audit"].startswith(
        "death on 2020-05-20; rise on 2020-03-25 reached the criteria but was not confirmed"
    )
    never = pfs(None, [4])
    assert (never["time"], never["event"]) == (0, 0)
