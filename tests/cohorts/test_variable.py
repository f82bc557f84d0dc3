"""Codebooks: what a declaration must say, all its faults at once, and the way to plain values and back."""

from __future__ import annotations

import json

import pydantic
import pytest

from cohorts import Codebook, Variable, datasets
from cohorts.errors import DataContractError, Finding, PrognosisError, raise_findings
from tests.cohorts.made import codebook, findings_of, only


def declared(**fields):
    return Codebook.from_dict({"variables": {"x": fields}})


@pytest.mark.parametrize(
    ("fields", "code", "words"),
    [
        ({"kind": "nominal"}, "C21", "levels in order"),
        ({"kind": "ordinal", "levels": []}, "C21", "levels in order"),
        ({"kind": "time"}, "T16", "time unit"),
        ({"kind": "date"}, "F12", "declare date format"),
        ({"kind": "nominal", "levels": ["a", "a"]}, "S03", "declared twice"),
        ({"kind": "binary", "levels": ["a"]}, "S03", "exactly two levels"),
        ({"kind": "nominal", "levels": ["a"], "level_labels": {"zh": {"b": "乙"}}}, "S03", "not declared"),
        ({"kind": "numeric", "level_labels": {"zh": {"b": "乙"}}}, "S03", "not declared"),
        ({"kind": "nominal", "levels": ["a", "b"], "level_labels": {"zh": {"a": "甲", "b": "甲"}}}, "S03", "alike"),
        ({"kind": "nominal", "levels": ["a", "b"], "level_labels": {"zh": {"a": "b"}}}, "S03", "two levels alike"),
        ({"kind": "numeric", "limits": [5, 1]}, "S03", "limits must be [lower, upper]"),
        ({"kind": "numeric", "limits": [5, float("inf")]}, "S03", "limits must be [lower, upper], two finite numbers"),
        (
            {"kind": "numeric", "plausible": [float("nan"), 3]},
            "S03",
            "plausible must be [lower, upper], two finite numbers",
        ),
        ({"kind": "numeric", "plausible": [5]}, "S03", "plausible"),
        ({"kind": "number"}, "S03", "kind"),
        ({"kind": "numeric", "units": "g"}, "S03", "units"),
        ({}, "S03", "kind"),
    ],
)
def test_incomplete_declarations(fields, code, words):
    finding = only(findings_of(declared, **fields))
    assert (finding.code, finding.column) == (code, "x")
    assert words in finding.rule


def test_all_faults_at_once():
    faulty = {"variables": {"a": {"kind": "time"}, "b": {"kind": "x"}, "c": 3}, "file": {"rows": "many"}, "extra": {}}
    assert [finding.code for finding in findings_of(Codebook.from_dict, faulty)] == ["S03", "T16", "S03", "S03", "S03"]


@pytest.mark.parametrize(("content", "code"), [(None, "S02"), (b"[x", "S03"), (b'[variables.x]\nkind = "\xff"', "S03")])
def test_files_that_are_no_codebook(content, code, tmp_path):
    path = tmp_path / "book.toml"
    if content is not None:
        path.write_bytes(content)
    assert only(findings_of(Codebook.from_toml, path)).code == code


@pytest.mark.parametrize("book", [datasets.load_mgus2().codebook, codebook({"rows": 3, "decimal": ","})])
def test_plain_values_and_back(book):
    again = Codebook.from_dict(json.loads(json.dumps(book.to_dict())))
    assert dict(again) == dict(book)
    assert again.file == book.file


def test_labels():
    variable = Variable(name="age", kind="numeric", label={"en": "Age", "zh": "年龄"})
    assert (variable.text(), variable.text("zh"), variable.text("fr")) == ("Age", "年龄", "Age")
    assert Variable(name="age", kind="numeric").text("zh") == "age"


def test_words_for_levels():
    words = {"zh": {"F": "女", "M": "男"}, "en": {"F": "female"}}
    variable = Variable(name="sex", kind="binary", levels=("F", "M"), level_labels=words)
    assert [variable.level_text(level, "zh") for level in "FM"] == ["女", "男"]
    assert [variable.level_text(level) for level in "FM"] == ["female", "M"]
    assert [variable.level_text(level, "fr") for level in "FM"] == ["female", "M"]
    assert Variable(name="sex", **variable.to_dict()) == variable
    # a codebook without them is written as before there were any
    assert "level_labels" not in Variable(name="sex", kind="binary", levels=("F", "M")).to_dict()


def test_a_codebook_is_an_immutable_mapping():
    book = codebook()
    assert book.id == "pid"
    assert list(book.only(("sex", "age", "weight"))) == ["sex", "age"]
    with pytest.raises(TypeError):
        book["age"] = book["sex"]
    with pytest.raises(pydantic.ValidationError):
        book["age"].unit = "months"


def test_numbers_as_levels_and_codes_become_text():
    variable = Variable(name="grade", kind="ordinal", levels=[1, 2], missing_codes=[9])
    assert (variable.levels, variable.missing_codes) == (("1", "2"), ("9",))


class TestFindings:
    FINDING = Finding("T05", "a rule.", "a way", "event", tuple(f"P{place}" for place in range(12)), "{2}", "f.csv")

    def test_the_message_names_everything(self):
        assert str(self.FINDING) == (
            "[T05] file f.csv, column event, row ids P0, P1, P2, P3, P4, P5, P6, P7, P8, P9 and 2 more (12 in all), "
            "value {2}: a rule. Way out: a way"
        )

    def test_plain_values(self):
        plain = json.loads(json.dumps(self.FINDING.to_dict()))
        assert plain["rows"][11] == "P11"
        assert plain["message"] == str(self.FINDING)

    def test_only_errors_are_raised_and_all_of_them(self):
        doubt = Finding("C22", "rare", severity="warning")
        raise_findings([doubt], DataContractError)
        with pytest.raises(PrognosisError) as caught:
            raise_findings([doubt, self.FINDING, Finding("T01", "x")], DataContractError)
        assert caught.value.code == "T05"
        assert [finding.code for finding in caught.value.findings] == ["T05", "T01"]
