"""Karyotype and FISH together, and the definitions of high risk over both."""

from __future__ import annotations

from itertools import product

import pytest

from cohorts.cytogenetics import ABNORMALITIES, CutOffs, Cytogenetics, Rules, parse_fish, parse_karyotype
from cohorts.cytogenetics.evidence import Evidence
from cohorts.cytogenetics.high_risk import (
    DEFINITIONS,
    imwg_2025_cytogenetics,
    r_iss_cytogenetics,
    several_hits,
)

STATES = (True, False, None)


def both(karyotype: str | None, fish: str | None, **rules: object) -> Cytogenetics:
    return Cytogenetics(
        parse_karyotype(karyotype) if karyotype else None, parse_fish(fish) if fish else None, Rules(**rules)
    )


def test_each_fills_what_the_other_cannot_say():
    found = both("45,XX,-13[10]/46,XX[10]", "nuc ish(FGFR3,IGH)x3(FGFR3 con IGHx2)[180/200]")
    loss, fusion = found.evidence["loss_13"], found.evidence["t_4_14"]
    assert (loss.present, loss.source, loss.metaphases, loss.share) == (True, "karyotype", 0.5, None)
    assert (fusion.present, fusion.source, fusion.metaphases, fusion.share) == (True, "FISH", None, 0.9)
    assert list(found.features()) == list(ABNORMALITIES)
    assert not any(evidence.disputed for evidence in found.evidence.values())


def test_neither_says_nothing():
    assert set(Cytogenetics().features().values()) == {None}
    assert set(both("46,XX[20]", None).features().values()) == {None, True}
    assert both("46,XX[20]", None).features()["normal"] is True


@pytest.mark.parametrize(
    ("precedence", "deletion", "gain"), [("presence", True, True), ("fish", False, True), ("karyotype", True, False)]
)
def test_where_they_disagree_both_are_kept_and_it_is_said(precedence, deletion, gain):
    found = both("46,XX,del(17)(p13)[5]/46,XX[15]", "nuc ish(TP53x2)[200],(CKS1Bx3)[90/200]", precedence=precedence)
    kept = found.evidence["del17p"]
    assert (kept.present, kept.karyotype, kept.fish, kept.source, kept.disputed) == (
        deletion,
        True,
        False,
        "both",
        True,
    )
    assert found.evidence["gain_1q21"].present is gain
    said = {finding.value: finding for finding in found.findings if finding.code == "H45"}
    assert {"del17p", "loss_17p", "gain_1q21", "gain_1q"} == set(said)
    assert f"taken as {'present' if deletion else 'absent'} ({precedence} goes first)" in said["del17p"].rule


def test_fish_behind_a_karyotype_is_read_with_it():
    text = "46,XX[20].nuc ish(TP53x1,D17Z1x2)[90/200]"
    assert (
        both(text, None).evidence["del17p"] == both("46,XX[20]", "nuc ish(TP53x1,D17Z1x2)[90/200]").evidence["del17p"]
    )
    beside = both(text, "nuc ish(TP53x2)[200]")
    assert beside.features()["del17p"] is False
    assert "H46" in [finding.code for finding in beside.findings]
    assert "H46" not in [finding.code for finding in both(text, None).findings]


def test_findings_and_unread_parts_of_both():
    found = both("46,XX,foo(bar)[20]", "nuc ish(TP53x1)[30/200],what")
    assert "what" in found.unread
    assert any("foo" in part for part in found.unread)
    assert {"H01", "H31", "H38"} <= {finding.code for finding in found.findings}


def test_rules_are_checked():
    with pytest.raises(ValueError, match="precedence"):
        Rules(precedence="none")
    low = both(None, "nuc ish(TP53x1)[30/200]", cutoffs=CutOffs(numerical=0.1))
    assert low.features()["del17p"] is True


def given(**states: bool | None) -> dict[str, Evidence]:
    return {name: Evidence(states.get(name, False)) for name in ABNORMALITIES}


def complete(states: tuple[bool | None, ...]) -> list[tuple[bool, ...]]:
    return list(product(*((True, False) if state is None else (state,) for state in states)))


def decided(answers: list[bool]) -> bool | None:
    return answers[0] if len(set(answers)) == 1 else None


@pytest.mark.parametrize("states", list(product(STATES, repeat=3)))
def test_r_iss_agrees_with_every_completion(states):
    names = ("del17p", "t_4_14", "t_14_16")
    expected = decided([any(full) for full in complete(states)])
    assert r_iss_cytogenetics(given(**dict(zip(names, states, strict=True)))) is expected


@pytest.mark.parametrize("states", list(product(STATES, repeat=5)))
def test_two_hits_agree_with_every_completion(states):
    names = ("t_4_14", "t_14_16", "t_14_20", "del17p", "gain_1q21")
    expected = decided([sum(full) >= 2 for full in complete(states)])
    assert several_hits(given(**dict(zip(names, states, strict=True)))) is expected


@pytest.mark.parametrize("states", list(product(STATES, repeat=4)))
def test_imwg_without_del17p_agrees_with_every_completion(states):
    names = ("t_4_14", "gain_1q21", "del1p32", "del1p32_biallelic")
    full = [
        biallelic or (fusion and (gain or loss)) or (loss and gain)
        for fusion, gain, loss, biallelic in complete(states)
    ]
    evidence = given(**dict(zip(names, states, strict=True)))
    answer = imwg_2025_cytogenetics(evidence)
    assert answer is decided([bool(each) for each in full])
    assert imwg_2025_cytogenetics(evidence, tp53_mutated=True) is True
    assert imwg_2025_cytogenetics(evidence, tp53_mutated=None) is (answer or None)


@pytest.mark.parametrize(
    ("cells", "above", "from_it_on"),
    [("39/200", False, False), ("40/200", False, True), ("41/200", True, True), ("..", None, None)],
)
def test_imwg_asks_for_the_share_of_del17p(cells, above, from_it_on):
    rest = "(FGFR3,IGH)x2[200],(MAF,IGH)x2[200],(MAFB,IGH)x2[200],(CKS1B,CDKN2C)x2[200]"
    evidence = both(None, f"nuc ish(TP53x1,D17Z1x2)[{cells}],{rest}").evidence
    assert imwg_2025_cytogenetics(evidence) is above
    assert imwg_2025_cytogenetics(evidence, inclusive=True) is from_it_on
    assert imwg_2025_cytogenetics(evidence, share=0.1) is (None if above is None else True)


@pytest.mark.parametrize("decide", [r_iss_cytogenetics, several_hits, imwg_2025_cytogenetics])
def test_metaphases_alone_deny_no_high_risk_and_show_it(decide):
    """A clone with loss of 13 and two normal chromosomes 17 at the level of bands says nothing of TP53."""
    metaphases = both("45,XX,-13[10]/46,XX[10]", None).evidence
    assert metaphases["del17p"].present is False
    assert decide(metaphases) is None
    probes = "(TP53,D17Z1)x2[200],(FGFR3,IGH)x2[200],(MAF,IGH)x2[200],(MAFB,IGH)x2[200],(CKS1B,CDKN2C)x2[200]"
    assert decide(both("45,XX,-13[10]/46,XX[10]", f"nuc ish{probes}").evidence) is False
    shown = both("46,XX,t(4;14)(p16;q32),+1,der(1;16)(q10;p10),del(17)(p13)[10]/46,XX[10]", None).evidence
    assert decide(shown) is True


def test_imwg_of_cells_that_are_not_purified_and_of_metaphases_is_open():
    unsorted = Cytogenetics(fish=parse_fish("nuc ish(TP53x1)[30/200]", purified=False)).evidence
    assert imwg_2025_cytogenetics(given() | {"del17p": unsorted["del17p"]}) is None
    written = both("46,XX,del(17)(p13)[5]/46,XX[15]", None).evidence
    assert imwg_2025_cytogenetics(given() | {"del17p": written["del17p"]}) is None
    denied = both("46,XX,del(17)(p13)[5]/46,XX[15]", "nuc ish(TP53x2)[200]").evidence
    assert imwg_2025_cytogenetics(given() | {"del17p": denied["del17p"]}) is False


def test_definitions_have_labels_and_sources():
    assert all(each.source and {"en", "zh"} <= set(each.label) for each in DEFINITIONS.values())
    assert not set(DEFINITIONS) & set(ABNORMALITIES)
    assert {name: each.decide(given()) for name, each in DEFINITIONS.items()} == dict.fromkeys(DEFINITIONS, False)
