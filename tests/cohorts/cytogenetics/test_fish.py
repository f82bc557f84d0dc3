"""FISH strings: patterns, shares, cut-offs from both sides, and what no probe bears on stays missing."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts.cytogenetics import ABNORMALITIES, CutOffs, parse_fish
from cohorts.cytogenetics.probes import PROBES, probe_of

DATA = Path(__file__).resolve().parent / "data"


def said(text: str, **options: object) -> dict[str, bool]:
    """Return what FISH decides."""
    return {name: state for name, state in parse_fish(text, **options).features().items() if state is not None}


# The strings of the project's domain reference, each with everything that it decides.
DECIDED = {
    "nuc ish(CCND1x3-4,IGHx2)[135/200]": {"gain_11q": True, "loss_11": False, "t_11_14": False},
    "nuc ish(FGFR3,IGH)x3(FGFR3 con IGHx2)[180/200]": {"t_4_14": True, "igh_rearranged": True},
    "nuc ish(TP53x1,D17Z1x2)[30/200]": {"del17p": False, "loss_17p": False, "loss_17": False, "gain_17": False},
    "nuc ish(CDKN2Cx1,CKS1Bx4)[120/200]": {
        "del1p32": True, "del1p": True, "del1p32_biallelic": False, "gain_1q": True, "amp_1q": True, "gain_1q21": True,
        "amp_1q21": True, "gain_1": False, "loss_1": False,
    },
    "nuc ish(TP53,D17Z1)x1[..]": {"loss_17": True, "del17p": True, "loss_17p": True, "gain_17": False},
    "nuc ish(5'IGHx2,3'IGHx2)(5'IGH sep 3'IGHx1)[60/100]": {"igh_rearranged": True},
    "nuc ish(5'IGH sep 3'IGHx1)": {"igh_rearranged": True},
    "nuc ish(ABL1,BCR)x3(ABL1 con BCRx2)[200]": {},
}  # fmt: skip


@pytest.mark.parametrize("text", DECIDED)
def test_strings_of_the_domain_reference(text):
    assert said(text) == DECIDED[text]
    assert parse_fish(text).unread == ()
    assert list(parse_fish(text).features()) == list(ABNORMALITIES)


def test_shares_are_kept_below_the_cut_off_too():
    assert parse_fish("nuc ish(CCND1x3-4,IGHx2)[135/200]").fractions()["gain_11q"] == 0.675
    assert parse_fish("nuc ish(FGFR3,IGH)x3(FGFR3 con IGHx2)[180/200]").fractions()["t_4_14"] == 0.9
    low = parse_fish("nuc ish(TP53x1,D17Z1x2)[30/200]")
    assert low.fractions()["del17p"] == 0.15
    assert [finding.code for finding in low.remarks()] == ["H38", "H38"]
    assert "15.0% of the cells, below the cut-off of 20%" in str(low.remarks()[0])


def test_hand_labelled_strings():
    with (DATA / "mm_handlabelled.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["karyotype"].startswith("nuc ish")]
    assert len(rows) == 4
    for row in rows:
        found = parse_fish(row.pop("karyotype")).features()
        assert {name: found[name] is True for name in row} == {name: flag == "1" for name, flag in row.items()}


@pytest.mark.parametrize(
    ("cells", "numerical", "fusion"),
    [("19/200", False, False), ("20/200", False, True), ("39/200", False, True), ("40/200", True, True),
     ("0/200", False, False), ("9.9%", False, False), ("9,9%", False, False), ("10%", False, True),
     ("20%", True, True)],
)  # fmt: skip
def test_cut_offs_from_both_sides(cells, numerical, fusion):
    assert said(f"nuc ish(RB1x1)[{cells}]")["del13q"] is numerical
    assert said(f"nuc ish(MAF,IGH)x3(MAF con IGHx2)[{cells}]")["t_14_16"] is fusion


def test_cut_offs_are_chosen_by_abnormality():
    fish = parse_fish("nuc ish(TP53x1,D17Z1x2)[90/200]")
    assert fish.features(CutOffs(by_abnormality={"del17p": 0.5}))["del17p"] is False
    assert fish.features(CutOffs(by_abnormality={"del17p": 0.5}))["loss_17p"] is True
    assert fish.features(CutOffs(numerical=0.46))["loss_17p"] is False
    for wrong in ({"fusion": 0}, {"numerical": 1.01}, {"by_abnormality": {"del99": 0.1}}):
        with pytest.raises(ValueError, match="cut-offs are shares"):
            CutOffs(**wrong)


def test_without_a_probe_nothing_is_said():
    features = parse_fish("nuc ish(TP53,D17Z1)x2[200]").features()
    named = {"del17p", "loss_17p", "loss_17", "gain_17"}
    assert {name for name, state in features.items() if state is not None} == named
    assert not any(features[name] for name in named)


def test_cells_that_are_not_purified_deny_nothing():
    for purified in (False, None):
        assert said("nuc ish(TP53,D17Z1)x2[200]", purified=purified) == {}
        assert said("nuc ish(TP53x1,D17Z1x2)[90/200]", purified=purified) == {"del17p": True, "loss_17p": True}
        assert "H39" in [finding.code for finding in parse_fish("nuc ish(TP53x2)[9]", purified=purified).remarks()]


def test_patterns_of_one_set_add_up_and_those_of_several_do_not():
    text = "nuc ish(CKS1Bx3,CDKN2Cx2)[50/200]/(CKS1Bx4,CDKN2Cx2)[30/200]"
    assert parse_fish(text).fractions()["gain_1q21"] == pytest.approx(0.4)
    assert parse_fish(text).fractions()["amp_1q21"] == pytest.approx(0.15)
    assert said(text)["gain_1q21"] is True
    assert said(text)["amp_1q21"] is False
    assert parse_fish("nuc ish(RB1x1)[30/200],(D13S319x1)[60/200]").fractions()["del13q"] == 0.3


def test_cells_unaccounted_for_deny_nothing():
    assert said("nuc ish(TP53x2)[190/200]")["del17p"] is False
    assert "del17p" not in said("nuc ish(TP53x2)[20/200]")


def test_patterns_beyond_all_cells_deny_nothing_and_say_so():
    fish = parse_fish("nuc ish(TP53x1)[30/200],(TP53x2)[190/200]")
    assert fish.features()["del17p"] is None
    assert "H35" in [finding.code for finding in fish.remarks()]
    assert parse_fish("nuc ish(TP53x1)[150/200],(TP53x2)[190/200]").features()["del17p"] is True


def test_impossible_cells_are_left_aside():
    for cells in ("300/200", "5/0", "120%"):
        fish = parse_fish(f"nuc ish(TP53x1)[{cells}]")
        assert [finding.code for finding in fish.findings] == ["H34"]
        assert set(fish.features().values()) == {None}


def test_a_locus_outnumbered_by_its_centromere_is_neither_lost_nor_kept():
    fish = parse_fish("nuc ish(TP53x2,D17Z1x3)[100/200]")
    assert fish.features()["del17p"] is None
    assert fish.features()["gain_17"] is False
    assert "H36" in [finding.code for finding in fish.remarks()]


def test_four_of_everything_may_be_doubled_cells():
    fish = parse_fish("nuc ish(CKS1B,CDKN2C)x4[100/200]")
    assert fish.features()["gain_1q21"] is None
    assert "H37" in [finding.code for finding in fish.remarks()]
    assert said("nuc ish(CKS1B,CDKN2C)x3[100/200]")["gain_1"] is True


def test_signals_of_fused_genes_do_not_count_chromosomes():
    assert said("nuc ish(MAFx3,IGHx3)(MAF con IGHx2)[90/100]") == {"t_14_16": True, "igh_rearranged": True}
    assert "del14q" not in said("nuc ish(IGHx1)[90/100]")


def test_whole_chromosomes_need_more_than_one_locus():
    assert "loss_13" not in said("nuc ish(RB1x1)[100/200]")
    assert said("nuc ish(RB1x1,LAMP1x1)[100/200]")["loss_13"] is True
    assert said("nuc ish(RB1x1,LAMP1x2)[100/200]")["loss_13"] is False
    assert said("nuc ish(D9Z1x3)[100/200]")["gain_9"] is True
    assert "gain_5" not in said("nuc ish(D5S23x3)[100/200]")
    assert said("nuc ish(D5S23x3,EGR1x3)[100/200]")["gain_5"] is True


def test_one_locus_of_an_arm_shows_a_loss_but_does_not_deny_it():
    assert "del1p" not in said("nuc ish(CDKN2Cx2)[200]")
    assert said("nuc ish(CDKN2Cx2)[200]")["del1p32"] is False
    assert said("nuc ish(RB1x2)[200]")["del13q"] is False
    assert "del13q" not in said("nuc ish(LAMP1x2)[200]")
    assert said("nuc ish(CDKN2Cx0)[100/200]")["del1p32_biallelic"] is True


def test_halves_of_a_gene():
    assert said("nuc ish(5'IGH,3'IGH)x2(5'IGH con 3'IGHx2)[200]") == {"igh_rearranged": False}
    assert said("nuc ish(5'MYC,3'MYC)x2(5'MYC sep 3'MYCx1)[50/200]") == {"myc_rearranged": True}
    assert said("nuc ish(5'IGHx2,3'IGHx1)[150/200]") == {}
    assert said("nuc ish(IGHx2)[200]") == {}
    assert said("nuc ish(MYC,IGH)x3(MYC con IGHx2)[50/200]") == {
        "t_8_14": True, "igh_rearranged": True, "myc_rearranged": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["NUC ISH(TP53X1,D17Z1X2)[90/200]", "nucish (p53×1, CEP17×2) [90/200]", "(TP53x1,D17Z1x2)[90/200]",
     "nuc ish 17p13.1(TP53x1,D17Z1x2)[90/200]", "nuc ish(17p13x1,cep 17x2)[45%]",
     "nuc ish(TP53x1;D17Z1x2)[ 90 / 200 ]", "nuc ish（TP53x1，D17Z1x2）[90/200]"],
)  # fmt: skip
def test_ways_of_writing_it(text):
    assert parse_fish(text).unread == ()
    assert said(text) == {"del17p": True, "loss_17p": True, "loss_17": False, "gain_17": False}
    assert parse_fish(text).fractions()["del17p"] == 0.45


def test_a_pattern_without_cells_of_its_own_takes_none_of_its_neighbour():
    fish = parse_fish("nuc ish 17p13.1(TP53x1),13q14(RB1x1)[90/200]")
    assert fish.features()["del17p"] is True
    assert fish.fractions()["del17p"] is None
    assert [finding.code for finding in fish.findings] == ["H33"]


def test_what_is_not_read_is_kept_and_named():
    fish = parse_fish("46,XX[20].nuc ish(TP53x1)[90/200],del 13q positive,(RB1-)[5]")
    assert fish.unread == ("46,XX[20]", "del 13q positive", "(RB1-)[5]")
    assert [finding.code for finding in fish.findings] == ["H31"] * 3
    unknown = parse_fish("nuc ish(XYZ9x1)[90/200]")
    assert [finding.code for finding in unknown.findings] == ["H32"]
    assert set(unknown.features().values()) == {None}
    assert [finding.code for finding in parse_fish("not done").findings] == ["H30"]
    assert [finding.code for finding in parse_fish("x" * 6000).findings] == ["H31"]


def test_probes_by_gene_marker_band_and_centromere():
    assert probe_of("TP53").band == "17p13.1"
    assert probe_of("cks1b").chromosome == "1"
    assert probe_of("D15Z4").arm == "cen"
    assert probe_of("1q21").band == "1q21"
    assert probe_of("5' IGH").half == "5'"
    assert (probe_of("CEP23"), probe_of("D5S999"), probe_of("25q21"), probe_of("")) == (None, None, None, None)
    assert all(probe_of(name) == probe for name, probe in PROBES.items())


def test_nothing_raises_on_a_thousand_spoilt_strings():
    draw = random.Random(20261121)
    signs = "()[]x/,;.-'~% 0123456789conseprTPDIGHZ\u2019\u00d7\uff08"
    for _ in range(1000):
        text = list(draw.choice(list(DECIDED)) + draw.choice(["", ",", "/"]) + draw.choice(list(DECIDED)))
        for _ in range(draw.randint(1, 6)):
            place = draw.randrange(len(text))
            text[place : place + draw.randint(0, 2)] = draw.choice(signs)
        fish = parse_fish("".join(text))
        assert fish.patterns or fish.unread
        assert len(fish.features()) == len(ABNORMALITIES)
        fish.remarks()


@given(st.text(alphabet="nuc ish()[]x/,;.-'0123456789TP53IGHconsepMAF~%", max_size=60) | st.text(max_size=30))
def test_nothing_raises_on_text(text):
    fish = parse_fish(text)
    assert set(fish.features().values()) <= {True, False, None}
    fish.remarks()
    assert all(0 <= share <= 1 for share in fish.fractions().values() if share is not None)
    assert fish.patterns or fish.unread or fish.findings


@given(st.integers(0, 9), st.integers(0, 200))
def test_more_cells_never_take_an_abnormality_away(copies, cells):
    order = {False: 0, None: 1, True: 2}
    less, more = (parse_fish(f"nuc ish(TP53x{copies})[{n}/201]").features() for n in (cells, cells + 1))
    assert all(order[less[name]] <= order[more[name]] for name in ("del17p", "loss_17p"))
