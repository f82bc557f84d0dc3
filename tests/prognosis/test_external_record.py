"""A model file remembers external validations: aggregates, bound to the model that was judged, nothing forged."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cohorts.errors import ModelFileError, PredictionError, PrognosisWarning
from prognosis import FittedModel, load_model
from prognosis.external.record import ExternalRecord, RecordGroup, RecordLine
from prognosis.external.result import ExternalValidation
from prognosis.models import Cox
from prognosis.persistence.content import content_of
from tests.prognosis import made
from tests.prognosis.test_model_file import altered

pytestmark = pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")


@pytest.fixture(scope="module")
def model() -> FittedModel:
    return made.fit(predictors=("age", "sex"), n=200)


@pytest.fixture(scope="module")
def external(model: FittedModel) -> ExternalValidation:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        frame = made.patients(n=120, seed=7)
        frame["pid"] = [f"other {k}" for k in range(len(frame))]
        return model.validate(made.cohort(frame=frame), repeats=0, by="sex")


@pytest.fixture(scope="module")
def recorded(model: FittedModel, external: ExternalValidation) -> FittedModel:
    return model.with_external(external, "Hospital B", "2026-11-21")


@pytest.fixture(scope="module")
def saved(recorded: FittedModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return recorded.save(tmp_path_factory.mktemp("record") / "m.prognosis")


def test_the_record_holds_the_numbers_of_the_validation(external: ExternalValidation, recorded: FittedModel) -> None:
    (record,) = recorded.external
    assert (record.cohort, record.n, record.events, record.day) == ("Hospital B", 120, external.events, "2026-11-21")
    table = external.table.set_index(["metric", "horizon"])
    c = external.table.set_index("metric").loc["harrell_c"]
    line = record.line("harrell_c")
    assert line == RecordLine("harrell_c", None, c["estimate"], c["lower"], c["upper"])
    ratio = record.line("oe_ratio")
    assert ratio is not None
    assert ratio.horizon == 48.0
    assert ratio.estimate == table.loc[("oe_ratio", 48.0), "estimate"]
    assert record.line("auc").horizon == 48.0  # type: ignore[union-attr]


def test_a_file_keeps_it_and_answers_the_same(model: FittedModel, recorded: FittedModel, saved: Path) -> None:
    loaded = load_model(saved)
    assert loaded.external == recorded.external
    assert loaded.hash == recorded.hash != model.hash
    assert loaded.answers_hash == recorded.answers_hash == model.answers_hash
    new = made.patients(n=9, seed=3)
    np.testing.assert_array_equal(loaded.predict(new).risk, model.predict(new).risk)
    # a file without a record is what it was before there were records
    assert "external" not in content_of(model)[0]


def test_another_validation_is_appended_and_the_same_one_replaced(
    recorded: FittedModel, external: ExternalValidation
) -> None:
    second = recorded.with_external(replace(external, source="a" * 64), "Hospital C", "2026-12-01")
    assert [record.cohort for record in second.external] == ["Hospital B", "Hospital C"]
    renamed = second.with_external(replace(external, source="a" * 64), "Hospital C, all years", "2026-12-02")
    assert [record.cohort for record in renamed.external] == ["Hospital B", "Hospital C, all years"]
    again = renamed.with_external(external, "Hospital B", "2027-01-01")
    assert [(record.cohort, record.day) for record in again.external][-1] == ("Hospital B", "2027-01-01")
    assert len(again.external) == 2


def refused(model: FittedModel, external: ExternalValidation, *named: str) -> str:
    with pytest.raises(PredictionError) as caught:
        model.with_external(external, *named)
    return caught.value.code


def test_what_is_no_external_validation_of_this_model_is_refused(
    model: FittedModel, external: ExternalValidation
) -> None:
    # somebody else who has the file may judge it in the patients it was made from
    own = replace(model, training=None).validate(made.cohort(n=200), repeats=0)
    assert refused(model, own, "own") == "G37"
    assert refused(model, replace(external, events=9), "few") == "G38"
    other = made.fit(Cox(ties="breslow"), predictors=("age", "sex"), n=200)
    assert refused(other, external, "other") == "G39"
    for name, day in (("", "2026-11-21"), ("x" * 121, "2026-11-21"), ("B", "21.11.2026"), ("B", "2026-13-01")):
        assert refused(model, external, name, day) == "G39"


def test_an_updated_model_has_not_been_judged_by_anybody(recorded: FittedModel) -> None:
    frame = made.patients(n=150, seed=11)
    frame["pid"] = [f"new {k}" for k in range(len(frame))]
    for method in ("intercept", "slope", "refit"):
        assert recorded.updated(made.cohort(frame=frame), method).external == ()
    assert recorded.shrunken(0.9).external == ()


def line(**changed: Any) -> dict[str, Any]:
    return {"metric": "harrell_c", "horizon": None, "estimate": 0.7, "lower": 0.6, "upper": 0.8} | changed


@pytest.mark.parametrize(
    "change",
    [
        {"n": 5}, {"n": 120.5}, {"n": True}, {"events": 9}, {"events": None}, {"cohort": ""}, {"cohort": "x" * 5000},
        {"day": "yesterday"}, {"day": None}, {"answers": "0" * 64}, {"source": None}, {"lines": 3}, {"lines": [{}]},
        {"lines": [line(estimate=1.4, upper=1.5)]}, {"lines": [line(lower=0.75)]}, {"lines": [line(upper=None)]},
        {"lines": [line(metric="__import__('os')")]}, {"lines": [line(estimate="0.7")]},
        {"lines": [line(horizon=-1)]}, {"lines": [line(metric="oe_ratio", lower=-1)]}, {"more": 1},
    ],
    ids=str,
)  # fmt: skip
def test_a_forged_record_is_refused(saved: Path, tmp_path: Path, change: dict[str, Any]) -> None:
    def forge(content: dict[str, Any], _: Any) -> None:
        content["external"][0] |= change

    with pytest.raises(ModelFileError) as caught:
        load_model(altered(saved, tmp_path / "m.prognosis", forge))
    assert caught.value.code in ("L02", "L07")


def test_a_changed_number_breaks_the_hash(saved: Path, tmp_path: Path) -> None:
    def flatter(content: dict[str, Any], _: Any) -> None:
        content["external"][0]["lines"][0]["estimate"] += 0.001

    with pytest.raises(ModelFileError, match="damaged or altered"):
        load_model(altered(saved, tmp_path / "m.prognosis", flatter, sign=False))


def test_the_record_of_another_model_is_refused(saved: Path, tmp_path: Path) -> None:
    def change_the_model(content: dict[str, Any], _: Any) -> None:
        content["n"] += 1

    with pytest.raises(ModelFileError, match="one of another model") as caught:
        load_model(altered(saved, tmp_path / "m.prognosis", change_the_model))
    assert caught.value.code == "L07"


def test_groups_of_predictors_are_kept_and_found_by_a_patients_values(
    external: ExternalValidation, recorded: FittedModel, saved: Path
) -> None:
    (record,) = recorded.external
    table = external.subgroups.set_index(["group", "metric"]).sort_index()
    assert {group.group for group in record.groups} == set(external.subgroups["group"])
    for group in record.groups:
        row = table.loc[(group.group, "harrell_c")].iloc[0]
        assert group.line("harrell_c") == RecordLine("harrell_c", None, row["estimate"], row["lower"], row["upper"])
        assert (group.column, group.n, group.events) == ("sex", row["n"], row["events"])
    first = record.groups[0]
    assert record.groups_of({"sex": first.group, "age": 60.0}) == (first,)
    assert record.groups_of({"age": 60.0}) == record.groups_of({"sex": None}) == ()
    assert load_model(saved).external[0].groups == record.groups


def test_groups_that_cannot_be_are_refused() -> None:
    group = RecordGroup("grade", "2", 20, 12, (RecordLine(**line()),))
    record = ExternalRecord("B", 50, 20, "2026-01-02", "h", group.lines, groups=(group,))
    assert ExternalRecord.restore(record.to_dict()) == record
    assert record.groups_of({"grade": 2.0}) == record.groups_of({"grade": "2"}) == (group,)
    for change in ({"events": 21}, {"events": 9}, {"n": 51}, {"n": 11}, {"group": "x" * 121}, {"n": 20.0},
                   {"lines": (RecordLine(**line(metric="luck")),)}):  # fmt: skip
        forged = replace(record, groups=(replace(group, **change),))
        with pytest.raises(ModelFileError, match="cannot be") as caught:
            ExternalRecord.restore(forged.to_dict())
        assert caught.value.code == "L07"


def test_more_groups_than_a_record_keeps_are_refused_not_cut(model: FittedModel, external: ExternalValidation) -> None:
    many = [external.subgroups.assign(group=f"group {place}") for place in range(61)]
    with pytest.raises(PredictionError, match="groups of an external validation, of which a record keeps 60") as caught:
        model.with_external(replace(external, subgroups=pd.concat(many)), "Hospital B")
    assert caught.value.code == "G39"


def test_plain_values_survive() -> None:
    lines = (RecordLine(**line()), RecordLine(**line(lower=None, upper=None)))
    record = ExternalRecord("B", 50, 20, "2026-01-02", "h", lines)
    assert ExternalRecord.restore(record.to_dict()) == record
