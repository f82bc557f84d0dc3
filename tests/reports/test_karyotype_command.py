"""The command `prognosis karyotype`: what it prints, as text and JSON, and how it ends."""

from __future__ import annotations

import json
import sys

import pytest

from cohorts.cytogenetics import ABNORMALITIES, DEFINITIONS
from reports import command_line

BOTH = "45,XX,-13[10]/46,XX[10].nuc ish(TP53x1,D17Z1x2)[90/200]"


@pytest.fixture
def call(monkeypatch, capsys):
    """Call the command in this process; returns exit code and standard output."""

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["prognosis", "karyotype", *arguments])
        with pytest.raises(SystemExit) as ended:
            command_line.main()
        return int(ended.value.code or 0), capsys.readouterr().out

    return run


def test_text(call):
    code, out = call(BOTH)
    lines = out.splitlines()
    assert code == 0
    assert lines[:3] == [
        "clone 1: 45 chromosomes; 10 cells; -13",
        "clone 2: 46 chromosomes; 10 cells; normal",
        "FISH: (TP53x1,D17Z1x2)[90/200]: 45.0% of the cells",
    ]
    assert "present: loss_13: Loss of chromosome 13 (karyotype, 50% of the metaphases)" in lines
    assert "present: del17p: Deletion of 17p (TP53) (FISH, 45.0% of the cells; disputed)" in lines
    absent = next(line for line in lines if line.startswith("absent: "))
    assert "gain_1 to gain_22, gain_X" in absent
    assert "loss_1 to loss_12, loss_14 to" in absent
    assert any(line.startswith("not assessable: t_4_14, ") for line in lines)
    assert any(line.startswith("r_iss_high_risk: yes (") for line in lines)
    assert any("[H45]" in line for line in lines)


def test_json_holds_everything(call):
    code, out = call(BOTH, "--json", "--language", "zh")
    found = json.loads(out)
    assert code == 0
    assert list(found["abnormalities"]) == list(ABNORMALITIES)
    assert list(found["definitions"]) == list(DEFINITIONS)
    deletion = found["abnormalities"]["del17p"]
    assert deletion == {
        "label": "17p缺失 (TP53)", "present": True, "karyotype": False, "fish": True, "source": "both",
        "metaphases": None, "share": 0.45, "disputed": True,
    }  # fmt: skip
    assert found["clones"][0]["abnormalities"] == ["-13"]
    assert (found["clones"][0]["cells"], found["metaphases"], found["unread"]) == (10, 20, [])
    assert found["fish"][0]["counted"] == 200


def test_fish_is_given_beside_or_inside(call):
    inside = json.loads(call(BOTH, "--json")[1])
    beside = json.loads(call("45,XX,-13[10]/46,XX[10]", "--json", "--fish", "nuc ish(TP53x1,D17Z1x2)[90/200]")[1])
    assert inside["abnormalities"] == beside["abnormalities"]
    alone = json.loads(call("nuc ish(TP53x1,D17Z1x2)[90/200]", "--json")[1])
    assert (alone["read"], alone["clones"]) == (True, [])
    assert alone["abnormalities"]["del17p"]["present"] is True
    unsorted = json.loads(call("nuc ish(TP53x2)[200]", "--json", "--not-purified")[1])
    assert unsorted["abnormalities"]["del17p"]["present"] is None


def test_disease_decides_what_a_normal_karyotype_denies(call):
    assert json.loads(call("46,XX[20]", "--json")[1])["abnormalities"]["gain_7"]["present"] is None
    found = json.loads(call("46,XX[20]", "--json", "--disease", "any")[1])
    assert found["abnormalities"]["gain_7"]["present"] is False


@pytest.mark.parametrize("text", ["rubbish", "", "not done", "(((", "="])
def test_nothing_read_ends_with_1(call, text):
    code, out = call(text)
    assert code == 1
    assert out.splitlines()[-1] == "nothing could be read"
    assert json.loads(call(text, "--json")[1])["read"] is False


def test_what_was_not_read_is_named_and_the_rest_is_answered(call):
    code, out = call("47,XX,+7,foo(bar)[20]", "--fish", "nuc ish(TP53x1)[90/200],what")
    assert code == 0
    assert "not read: foo(bar)" in out
    assert "not read: what" in out
    assert "present: gain_7" in out


def test_composites_ranges_words_and_donors(call):
    out = call("44~47,XY,-13,del(16)(q?),+mar,inc[cp7]")[1]
    assert out.startswith(
        "clone 1: 44~47 chromosomes; what is written adds up to 46; 7 cells in all, of which no single"
    )
    assert "incomplete" in out.splitlines()[0]
    assert call("normal")[1].startswith("said in words: normal\n")
    assert "cells of a donor" in call("46,XY[5]//46,XX[15]")[1]
    assert "nuc ish" not in call("46,XX[20]")[1]
    assert "share of cells not said" in call("nuc ish(TP53x1)")[1]
