"""Karyotypes worked out by hand: the numbered strings of the domain reference, and the pitfalls around them."""

from __future__ import annotations

import pytest

from cohorts.cytogenetics import ABNORMALITIES, Clone, Karyotype, parse_karyotype
from cohorts.errors import DataContractError

CRYPTIC = {"t_4_14", "t_14_16", "t_14_20", "igh_rearranged", "myc_rearranged"}


def states(karyotype: Karyotype, disease: str | None = "myeloma") -> tuple[set[str], set[str]]:
    """Return what is present and what is not assessable; everything else is absent."""
    found = karyotype.features(disease)
    assert list(found) == list(ABNORMALITIES)
    return {name for name in found if found[name]}, {name for name in found if found[name] is None}


def codes(karyotype: Karyotype) -> set[str]:
    return {finding.code for finding in karyotype.findings}


def check(text: str, present: str, open_: str = "", *, seen: str = "") -> Karyotype:
    """Assert every feature: `present`, not assessable (the cryptic ones but `seen`, and `open_`), absent."""
    karyotype = parse_karyotype(text)
    expected = CRYPTIC - set(seen.split()) | set(open_.split())
    assert states(karyotype) == (set(present.split()) | set(seen.split()), expected)
    return karyotype


def only(karyotype: Karyotype) -> Clone:
    assert len(karyotype.clones) == 1
    return karyotype.clones[0]


# The numbered strings, each feature asserted.


def test_1_nine_seed_abnormalities_and_a_count_that_adds_up():
    karyotype = check(
        "46,XY,+1,+2,del(6)(q21),+7,t(11;14)(q13;q32),del(12)(p13),-13,-16,-21[10]",
        "gain_1 gain_2 gain_7 loss_13 loss_16 loss_21 del6q del12p t_11_14 "
        "del13q loss_13q del16q gain_1q gain_1q21 pseudodiploid complex",
        seen="igh_rearranged",
    )
    assert only(karyotype).count == only(karyotype).expected == (46, 46)
    assert karyotype.complete
    assert karyotype.valid
    assert karyotype.findings == ()


def test_2_hyperdiploidy_with_a_normal_line_kept_apart():
    odd = "gain_3 gain_5 gain_7 gain_9 gain_11 gain_11q gain_15 gain_19"
    karyotype = check("53,XY,+3,+5,+7,+9,+11,+15,+19[12]/46,XY[8]", f"{odd} hyperdiploid complex")
    abnormal, normal = karyotype.clones
    assert (abnormal.normal, normal.normal) == (False, True)
    assert (abnormal.cells, normal.cells, karyotype.cells) == (12, 8, 20)
    assert karyotype.fractions()["hyperdiploid"] == 0.6
    assert karyotype.fractions()["gain_3"] == 0.6


def test_3_a_lost_y_makes_no_hypodiploidy():
    karyotype = check("45,X,-Y[6]/46,XY[14]", "loss_Y")
    assert codes(karyotype) == {"H14"}
    check("44,X,-Y,-13[6]/46,XY[14]", "loss_Y loss_13 del13q loss_13q hypodiploid")
    check("43,X,-Y,-13,-22[6]", "loss_Y loss_13 loss_22 del13q loss_13q hypodiploid hypodiploid_45 complex")


def test_4_what_one_is_born_with_is_not_acquired():
    check("48,XY,+21c,+21[10]", "gain_21")
    check("46,XY,+21c,-21[10]", "loss_21 hypodiploid")
    assert states(parse_karyotype("47,XY,+21c[20]"), disease=None) == ({"normal"}, CRYPTIC)
    doubtful = parse_karyotype("47,XXX?c")
    assert only(doubtful).doubtful_sex
    assert doubtful.features(None)["gain_X"] is None
    assert doubtful.features(None)["gain_8"] is False
    assert parse_karyotype("47,XXX[3]/46,XX,+8[2]").features()["normal"] is False


def test_5_gains_and_losses_refer_to_the_sets_of_the_clone():
    numeric = {f"loss_{number}" for number in range(1, 23)}
    losses = {name for name in ABNORMALITIES if name.startswith("del")} | {"loss_13q", "loss_17p"} | numeric
    near_haploid = check("26,X,+4,+6,+21", "hypodiploid hypodiploid_45 near_haploid complex", " ".join(losses))
    assert only(near_haploid).ploidy == 1
    assert near_haploid.features()["gain_4"] is False  # a disomy is no trisomy
    assert only(check("71,XXX,+8,+10", "gain_8 gain_10 hyperdiploid near_triploid")).ploidy == 3
    present = "gain_8 loss_1 loss_3 loss_5 loss_21 del1p del1p32 near_tetraploid complex"
    assert only(check("89,XXYY,-1,-3,-5,+8,-21", present)).ploidy == 4
    gained = " ".join(f"gain_{name}" for name in ("X", 4, 6, 8, 10, 11, 14, 17, 18, 21))
    check(
        "58<2n>,XY,+X,+4,+6,+8,+10,+11,+14,+14,+17,+18,+21,+21", f"{gained} gain_11q hyperdiploid near_triploid complex"
    )
    stretched = check(
        "76~102<4n>,XXXX,-1,-2,+8",
        "gain_8 loss_1 loss_2 del1p del1p32 complex",
        "near_triploid near_tetraploid",
    )
    assert only(stretched).count == (76, 102)


def test_6_a_derivative_loses_and_gains():
    karyotype = check("45,XY,-10,der(10)t(10;17)(q22;p12)", "loss_10 hypodiploid")
    assert karyotype.features()["del17p"] is False


def test_7_inheritance_is_written_out():
    karyotype = check(
        "46,XX,t(4;14)(p16;q32)[4]/47,sl,+3[6]/48,sdl1,+5[5]",
        "gain_3 gain_5 hyperdiploid pseudodiploid complex",
        seen="t_4_14 igh_rearranged",
    )
    assert [len(clone.items) for clone in karyotype.clones] == [1, 2, 3]
    assert karyotype.fractions()["t_4_14"] == 1.0
    assert karyotype.fractions()["gain_5"] == pytest.approx(5 / 15)
    evolved = parse_karyotype("46,XX,t(4;14)(p16;q32)[3]/47,idem,+8[17]")
    assert states(evolved)[0] == {"t_4_14", "igh_rearranged", "gain_8", "pseudodiploid"}
    lost = parse_karyotype("48,XX,+8,del(13)(q14),+mar1[5]/46,idem,-8,-mar1[5]/46,idem,-del(13),-mar1[4]")
    second, third = lost.clones[1:]
    assert [item.text for item in second.items] == ["del(13)(q14)"]
    assert [item.text for item in third.items] == ["+8", "-13"]
    assert third.expected == (46, 46)
    assert codes(lost) == set()


def test_8_a_composite_with_a_range_a_marker_and_inc():
    karyotype = parse_karyotype("44~47,XY,-13,del(16)(q?),+mar,inc[cp7]")
    clone = only(karyotype)
    assert (clone.count, clone.cells, clone.composite, clone.incomplete) == ((44, 47), 7, True, True)
    assert not karyotype.complete
    assert codes(karyotype) == {"H10"}
    present, open_ = states(karyotype)
    assert present == {"loss_13", "del13q", "loss_13q", "del16q", "complex"}
    assert open_ == set(ABNORMALITIES) - present - {"normal"}
    assert karyotype.features()["normal"] is False
    assert [item.uncertain for item in clone.items] == [(), ("band",), ()]
    assert set(karyotype.fractions().values()) == {None}


@pytest.mark.parametrize(
    ("text", "level", "open_"),
    [
        ("46,XX,?del(1)(q23)", "item", "pseudodiploid normal"),
        ("45,XX,-?21", "chromosome", "loss_21 normal"),
        ("47,XX,+?8", "chromosome", "gain_8 normal"),
        ("46,XY,del(1)(q2?3)", "band", ""),
        ("46,XX,?t(11;14)(q13;q32)", "item", "t_11_14 pseudodiploid normal"),
        ("46,XX,del(1)(p?)", "band", "del1p32"),
        ("46,XX,?del(17)(p13)", "item", "del17p loss_17p pseudodiploid normal"),
    ],
)
def test_9_a_question_mark_leaves_what_depends_on_it_open(text, level, open_):
    karyotype = parse_karyotype(text)
    assert only(karyotype).items[0].uncertain == (level,)
    assert states(karyotype)[1] == CRYPTIC | set(open_.split())


def test_10_two_ways_to_write_one_thing():
    first, second = parse_karyotype("47,XX,+8,i(8)(q10)x2"), parse_karyotype("47,XX,i(8)(q10),+i(8)(q10)")
    assert first.features() == second.features()
    check("47,XX,+8,i(8)(q10)x2", "del8p")
    assert only(first).expected == only(second).expected == (47, 47)
    mosaic = parse_karyotype("mos 47,XY,+21[12]/46,XY[18]")
    assert mosaic.features()["normal"]
    assert mosaic.features(None)["gain_21"] is False


# What a normal metaphase, few cells and cryptic translocations allow to say.


def test_a_normal_karyotype_says_nothing_about_plasma_cells():
    normal = parse_karyotype("46,XX[20]")
    assert states(normal) == ({"normal"}, set(ABNORMALITIES) - {"normal"})
    assert states(normal, disease=None) == ({"normal"}, CRYPTIC)
    variant = parse_karyotype("46,XX,inv(9)(p12q13)[20]")
    assert states(variant)[1] == set(ABNORMALITIES) - {"normal"}
    assert variant.features()["normal"] is False
    assert codes(variant) == {"H15"}


@pytest.mark.parametrize(
    ("text", "name", "state"),
    [
        ("47,XX,+3[1]/46,XX[19]", "gain_3", None),
        ("47,XX,+3[2]/46,XX[18]", "gain_3", True),
        ("45,XX,-13[1]/46,XX[19]", "loss_13", None),
        ("45,XX,-13[2]/46,XX[18]", "loss_13", None),
        ("45,XX,-13[2]/46,XX[18]", "del13q", None),
        ("45,XX,-13[3]/46,XX[17]", "loss_13", True),
        ("45,XX,-13[3]/46,XX[17]", "hypodiploid", True),
        ("46,XX,del(13)(q14)[2]/46,XX[18]", "del13q", True),
        ("46,XX,del(13)(q14)[1]/46,XX[19]", "del13q", None),
        ("46,XX,del(13)(q14)[1]/47,idem,+3[1]", "del13q", True),
        ("45,XX,-13[cp2]/46,XX[18]", "loss_13", True),
        ("45,XX,-13", "loss_13", True),
        ("45,XX,-13[1]/46,XX[19]", "normal", None),
        ("47,XX,+3[2]/46,XX[18]", "normal", False),
        ("45,XX,-13[1]/46,XX[19]", "gain_3", False),
    ],
)
def test_two_cells_make_a_clone_and_three_the_loss_of_a_chromosome(text, name, state):
    assert parse_karyotype(text).features()[name] is state


def test_a_disease_that_is_none_of_the_package_is_refused():
    with pytest.raises(DataContractError, match="no disease of this package: Myeloma") as error:
        parse_karyotype("46,XX").features("Myeloma")
    assert error.value.code == "H20"
    assert parse_karyotype("46,XX").features("osteosarcoma")["gain_8"] is False


def test_a_graft_is_not_the_patient():
    karyotype = parse_karyotype("47,XX,+8[3]//46,XY[17]")
    assert [clone.donor for clone in karyotype.clones] == [False, True]
    assert karyotype.cells == 3
    assert karyotype.fractions()["gain_8"] == 1.0
    abnormal = parse_karyotype("46,XX[3]//47,XY,+8[17]")
    assert abnormal.features()["gain_8"] is None
    assert codes(abnormal) == {"H22"}
    evolved = parse_karyotype("46,XY,del(13)(q14)[3]//47,idem,+8[17]")
    assert [clone.donor for clone in evolved.clones] == [False, False]
    assert evolved.features()["gain_8"] is True
    assert codes(evolved) == {"H03"}


@pytest.mark.parametrize(
    ("text", "name", "state"),
    [
        ("46,XY,t(14;11)(q32;q13)", "t_11_14", True),
        ("46,XY,t( 11 ; 14 )( q13 ; q32.3 )", "t_11_14", True),
        ("46,XY,t(11,14)(q13,q32)", "t_11_14", True),
        ("46,xy,t(11;14)", "t_11_14", True),
        ("46,XY,der(14)t(11;14)(q13;q32)", "t_11_14", True),
        ("46,XY,t(11;14)(q23;q32)", "t_11_14", False),
        ("46,XY,t(11;14)(q1?3;q32)", "t_11_14", None),
        ("46,XY,t(8;11;14)(q24;q13;q32)", "t_11_14", None),
        ("46,XY,t(14;16)(q32;q22)", "t_14_16", True),
        ("46,XY,t(14;20)(q32;q11.2)", "t_14_20", True),
        ("46,XY,t(6;14)(p25;q32)", "t_6_14", False),
        ("46,XY,t(6;14)(p21;q32)", "t_6_14", True),
        ("46,XY,t(8;14)(q24;q32)", "myc_rearranged", True),
        ("46,XY,t(8;22)(q24;q11)", "myc_rearranged", True),
        ("46,XY,t(8;22)(q24;q11)", "igh_rearranged", None),
        ("46,XY,add(14)(q32)", "igh_rearranged", None),
        ("46,XY,add(14)(q32)", "t_11_14", False),
        ("46,XY,+8", "t_4_14", None),
        ("46,XY,+8", "t_11_14", False),
    ],
)
def test_translocations(text, name, state):
    assert parse_karyotype(text).features()[name] is state


@pytest.mark.parametrize(
    ("text", "present", "absent", "open_"),
    [
        ("46,XX,del(17)(p13)", "del17p loss_17p", "loss_17", ""),
        ("46,XX,del(17)(p11p12)", "loss_17p", "del17p", ""),
        ("46,XX,del(17)(p13.3)", "loss_17p", "del17p", ""),
        ("46,XX,del(17)(p13.1)", "loss_17p del17p", "", ""),
        ("46,XX,del(17p)", "loss_17p del17p", "", ""),
        ("46,XX,del(17)(p?)", "loss_17p del17p", "", ""),
        ("46,XX,17p-", "loss_17p del17p", "", ""),
        ("46,XX,del(13)(q12-q14)", "loss_13q del13q", "", ""),
        ("46,XX,der(17)(p11)", "", "loss_17", "del17p loss_17p"),
        ("47,XX,+r(1)", "", "loss_1", "gain_1 gain_1q gain_1q21"),
        ("47,XX,+der(1)t(1;19)(q10;p10)", "", "loss_1", "gain_1 gain_1q"),
        ("46,XX,+13,der(13;14)(q10;q10)", "gain_13", "loss_14", ""),
        ("46,XX,der(16)t(1;16)", "", "loss_16 del8p del1p32", "gain_1q del16q gain_1q21"),
        ("46,XX,dup(1)", "", "del1p loss_1 amp_1q", "gain_1q dup1q"),
        ("46,XX,del(13)", "", "loss_13 gain_1q", "del13q loss_13q"),
        ("45,XX,-del(13)(q14)", "", "gain_1q", "loss_13q del13q"),
        ("47,XX,t(1;16)(q21;q22),+der(16)t(1;16)", "gain_1q", "loss_16", "gain_1q21"),
        ("46,XX,+1,+der(1;7)(p10;q10)[9]", "", "gain_13", "gain_1 gain_1q"),
        ("46,XX,ins(14;11)(q32;q13q23)", "igh_rearranged", "gain_11q", "t_11_14"),
        ("46,XX,add(17)(p11.2)", "del17p", "", ""),
        ("46,XX,add(17)(p13)", "", "loss_17", "del17p loss_17p"),
        ("46,XX,i(17)(q10)", "del17p loss_17p", "loss_17 gain_17", ""),
        ("45,XX,dic(13;17)(q14;p11)", "del13q del17p", "loss_13 loss_17", ""),
        ("45,XX,der(13;14)(q10;q10)", "", "del13q del14q", ""),
        ("46,XX,del(1)(p31)", "del1p del1p32", "", ""),
        ("46,XX,del(1)(p36.1)", "del1p", "del1p32", ""),
        ("46,XX,del(1)(p21p31)", "del1p", "del1p32", ""),
        ("46,XX,del(1)(p?)", "del1p", "gain_1q", "del1p32"),
        ("46,XX,dup(1)(q21q32)", "gain_1q gain_1q21 dup1q", "amp_1q del1p", ""),
        ("46,XX,dup(1)(q32q44)", "gain_1q dup1q", "gain_1q21", ""),
        ("46,XX,trp(1)(q21q32)", "gain_1q amp_1q amp_1q21", "dup1q", ""),
        ("46,XX,dup(1)(q)", "gain_1q dup1q", "", "gain_1q21"),
        ("47,XY,+i(1)(q10)", "gain_1q amp_1q i1q", "gain_1 del1p", ""),
        ("46,XY,i(1)(q10)", "gain_1q del1p del1p32 i1q", "amp_1q", ""),
        ("46,XX,+1,der(1;16)(q10;p10)", "gain_1q gain_1q21 del16q der1q", "gain_1 del1p loss_16 amp_1q", ""),
        ("46,XX,der(16)t(1;16)(q21;q22)", "gain_1q del16q der1q", "amp_1q del1p", "gain_1q21"),
        ("46,XX,der(16)t(1;16)(q12;q11.2)", "gain_1q21 del16q", "gain_1", ""),
        ("46,XX,der(8)t(1;8)(q12;p21)", "gain_1q del8p", "del6q", ""),
        ("46,XX,ins(1;3)(q21;q21q25)", "", "gain_1q del1p gain_3", ""),
        ("47,XX,t(4;14)(p16;q32),+der(4)t(4;14)", "t_4_14", "gain_14 loss_4", "gain_4"),
        ("46,XX,inv(1)(p32q21)", "", "del1p gain_1q", ""),
        ("46,XX,r(13)(p11q34)", "", "loss_13 del1p", "del13q"),
        ("46,XX,der(13)", "", "loss_13", "del13q"),
        ("46,XX,del(6)(q13q23)x2", "del6q", "loss_6", ""),
    ],
)
def test_copies_by_band(text, present, absent, open_):
    found = parse_karyotype(text).features()
    assert {name: found[name] for name in present.split()} == dict.fromkeys(present.split(), True)
    assert {name: found[name] for name in absent.split()} == dict.fromkeys(absent.split(), False)
    assert {name: found[name] for name in open_.split()} == dict.fromkeys(open_.split())
