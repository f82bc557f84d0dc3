"""What text may do to the reader: nothing raises, nothing is repaired unsaid, and spelling does not matter."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts.cytogenetics import ABNORMALITIES, Karyotype, parse_karyotype
from tests.cohorts.cytogenetics.test_karyotype_strings import rows

ALPHABET = "()[]{};,:.+-?~/<>xyXYpqdelrinvtmasco0123456789 *_−×\n"


def codes(text: str) -> set[str]:
    return {finding.code for finding in parse_karyotype(text).findings}


def spoil(text: str, chance: random.Random) -> str:
    """Return a text after some slips: characters inserted, left out, exchanged, and parts repeated elsewhere."""
    signs = list(text)
    for _ in range(chance.randint(1, 6)):
        place = chance.randrange(len(signs) + 1)
        slip = chance.randrange(4)
        if slip == 0 or not signs:
            signs.insert(place, chance.choice(ALPHABET))
        elif slip == 1:
            signs.pop(min(place, len(signs) - 1))
        elif slip == 2:
            signs[min(place, len(signs) - 1)] = chance.choice(ALPHABET)
        else:
            start = chance.randrange(len(signs))
            signs[place:place] = signs[start : start + 10]
    return "".join(signs)


def assert_sound(karyotype: Karyotype) -> None:
    """Assert what holds of every text: all features answered, what was not read named, nothing absent beside it."""
    found = karyotype.features()
    assert list(found) == list(ABNORMALITIES)
    assert {finding.value for finding in karyotype.findings if finding.code in ("H01", "H21")} or not karyotype.unread
    assert all(finding.rule for finding in karyotype.findings)
    assert all(0 < share <= 1 for share in karyotype.fractions().values() if share is not None)
    if not karyotype.complete:
        assert not [name for name, state in found.items() if state is False and name != "normal"]


def test_spoilt_karyotypes_raise_nothing():
    chance = random.Random(20260)
    texts = [row["karyotype"] for row in rows("clinical_karyotypes_unlabelled.csv") if len(row["karyotype"]) < 50]
    for _ in range(10_000):
        assert_sound(parse_karyotype(spoil(chance.choice(texts), chance)))


@given(st.text(max_size=60))
def test_any_text_raises_nothing(text):
    assert_sound(parse_karyotype(text))


@given(st.text(alphabet=ALPHABET, max_size=80))
def test_any_text_of_its_signs_raises_nothing(text):
    assert_sound(parse_karyotype(f"46,XY,{text}"))


@pytest.mark.parametrize(
    "text",
    [
        "(" * 4000,
        "1" * 4000,
        "q" * 6000,
        "46,XX/" * 700,
        "46,XY," + "-1" * 2000,
        "46,XY," + "del(" * 900,
        "46,XY,der(1)" + "t(1;2)(p1;q1)" * 300,
        "46,XX,+1/" + "/".join(["47,sdlx9"] * 30),
    ],
    ids=lambda text: text[:16],
)
def test_endless_texts_end(text):
    assert_sound(parse_karyotype(text))


CHROMOSOMES = st.integers(1, 22)


@given(st.lists(st.tuples(st.sampled_from("+-"), CHROMOSOMES), min_size=1, max_size=8, unique_by=lambda pair: pair[1]))
def test_gains_and_losses_are_read_back_in_any_order(changes):
    count = 46 + sum(1 if sign == "+" else -1 for sign, _ in changes)
    items = [f"{sign}{number}" for sign, number in changes]
    karyotype = parse_karyotype(f"{count}<2n>,XX,{','.join(items)}[5]")
    found = karyotype.features()
    assert karyotype.findings == ()
    names = {f"gain_{number}" if sign == "+" else f"loss_{number}" for sign, number in changes}
    assert {name for name in found if found[name] and name[:5] in ("gain_", "loss_") and name[5:].isdigit()} == names
    assert parse_karyotype(f"{count}<2n>,XX,{','.join(reversed(items))}[5]").features() == found


WORKED = [
    "46,XY,+1,+2,del(6)(q21),+7,t(11;14)(q13;q32),del(12)(p13),-13,-16,-21[10]",
    "46,XX,+1,der(1;16)(q10;p10)[7]/46,XX[13]",
    "45,XY,-10,der(10)t(10;17)(q22;p12)[4]/46,XY,del(17)(p13)[3]",
    "47,XX,t(4;14)(p16;q32),+3[6]",
]


@pytest.mark.parametrize("text", WORKED)
@pytest.mark.parametrize(
    "rewrite",
    [
        str.lower,
        lambda text: text.replace("-", "−").replace("+", "＋"),
        lambda text: text.replace("-", "–"),
        lambda text: text.replace(",", ", ").replace(";", " ; ").replace("(", " ("),
        lambda text: text.replace(";", ","),
        lambda text: "/".join(reversed(text.split("/"))),
        lambda text: text.replace("[", " ["),
        lambda text: f" {text}. ",
    ],
)
def test_how_it_is_written_does_not_matter(text, rewrite):
    assert parse_karyotype(rewrite(text)).features() == parse_karyotype(text).features()


@pytest.mark.parametrize("text", WORKED)
def test_inc_leaves_open_what_was_not_seen(text):
    before, after = parse_karyotype(text).features(), parse_karyotype(text.replace("[", ",inc[")).features()
    unchanged = {name for name in before if before[name] is True and "ploid" not in name}
    assert all(after[name] is True for name in unchanged)
    assert not [name for name, state in after.items() if state is False and name != "normal"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("46,XY,rubbish[10]", "H01"),
        ("48,XX,+3[10]", "H02"),
        ("46,XY,13q-[10]", "H03"),
        ("del(13)(q14)", "H04"),
        ("46,del(13)(q14)", "H05"),
        ("46,XY,del(13)", "H06"),
        ("47,XX[10]", "H07"),
        ("46,XX,del(1)(q26)", "H08"),
        ("45,XX,-13[2]", "H09"),
        ("46,XX,+8,inc", "H10"),
        ("46,XX,del(5)(q13) with multiple abnormalities[4]", "H10"),
        ("60,XY,+3,+3,+5,+5,+7,+9,+9,+11,+11,+15,+15,+19,+19,+21", "H11"),
        ("47,idem,+8[3]", "H12"),
        ("46,XX,+8,-21[3]/46,idem,-mar1[2]", "H13"),
        ("45,XX,-del(13)(q14)", "H13"),
        ("45,X,-Y[3]", "H14"),
        ("46,XX,inv(9)(p11q13)[20]", "H15"),
        ("45,X[16]/46,XY[3]", "H16"),
        ("  ", "H17"),
        ("46,XX,+8or+9", "H18"),
        ("No mitosis", "H19"),
        ("4" * 5001, "H21"),
    ],
)
def test_what_was_noticed_has_a_code_and_names_the_text(text, code):
    finding = next(each for each in parse_karyotype(text).findings if each.code == code)
    assert finding.value is not None
    assert str(finding).startswith(f"[{code}]")


@pytest.mark.parametrize("text", ["46,XX[20]", "46,XX,t(11;14)(q13;q32)[8]/46,XX[12]", "53,XY,+3,+5,+7,+9,+11,+15,+19"])
def test_a_sound_karyotype_has_no_findings(text):
    assert codes(text) == set()


def test_a_number_that_does_not_add_up_is_reported_and_leaves_the_missing_direction_open():
    more, fewer = parse_karyotype("48,XX,+3[10]"), parse_karyotype("46,XX,+3[10]")
    assert (more.clones[0].count, more.clones[0].expected, more.clones[0].unexplained) == ((48, 48), (47, 47), 1)
    assert (more.features()["gain_5"], more.features()["loss_13"]) == (None, False)
    assert (fewer.features()["gain_5"], fewer.features()["loss_13"]) == (False, None)
    assert more.features()["gain_3"] is fewer.features()["gain_3"] is True
    assert more.features()["t_11_14"] is False
    assert parse_karyotype("46,XX,der(1;7)(q10;p10)[9]").features()["del1p"] is None  # was +1 left out?


@pytest.mark.parametrize(
    ("text", "count", "expected"),
    [
        ("45,X,-X", 45, 45),
        ("44,Xc,-X", 44, 44),
        ("46,XXYc,-X", 46, 46),
        ("46,X,idic(Y)(q12)", 46, 46),
        ("47,XY,i(X)(q10)", 47, 47),
        ("45,XY,-Y", 45, 45),
        ("46,X,t(X;18)(p11;q11)", 46, 46),
        ("44,XX,trc(4;12;9)(q31.2;q22p13;q34)", 44, 44),
        ("45,XX,der(13;14)(q10;q10)", 45, 45),
        ("45,XX,dic(13;15)(q22;q24)", 45, 45),
        ("46,XX,+13,dic(13;15)(q22;q24)", 46, 46),
        ("48,XX,+del(6)(q13q23)x2", 48, 48),
        ("94,XXYY,t(8;14)(q24.1;q32)x2,+14,der(14)t(8;14)x2,+der(14)t(8;14)", 94, 94),
        ("46,XX,3dmin", 46, 46),
        ("48,XX,+2mar", 48, 48),
    ],
)
def test_count_arithmetic(text, count, expected):
    clone = parse_karyotype(text).clones[0]
    assert (clone.count, clone.expected) == ((count, count), (expected, expected))


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("46,XY,del(13q)[10]", "46,XY,del(13)(q?)[10]"),
        ("46,XY,13q-[10]", "46,XY,del(13)(q?)[10]"),
        ("46,XY,1q+[10]", "46,XY,add(1)(q?)[10]"),
        ("45,XY,monosomy 13[10]", "45,XY,-13[10]"),
        ("47,XY,tris8[10]", "47,XY,+8[10]"),
        ("45,X,dely[10]", "45,X,-Y[10]"),
        ("46XY,+8,-13[10]", "46,XY,+8,-13[10]"),
        ("46,XY,+8-13[10]", "46,XY,+8,-13[10]"),
        ("46,XY,+8,-13{10]/46,XY[5/15]", "46,XY,+8,-13[10]/46,XY[5]"),
        ("46,XY,+8,-13[10]\n46,XY[5]", "46,XY,+8,-13[10]/46,XY[5]"),
        ("46,XY,+8,-13[10]/\r\n46,XY[5]", "46,XY,+8,-13[10]/46,XY[5]"),
        ("46,XY,+8,-13[10], 46,XY[5]", "46,XY,+8,-13[10]/46,XY[5]"),
        ("50,XY,+3,+4mar-5", "50,XY,+3,+4mar,-5"),
        ("48,XY,+1-3mar", "48,XY,+1~3mar"),
    ],
)
def test_free_forms(text, same):
    read = parse_karyotype(text)
    assert read.features() == parse_karyotype(same).features()
    assert read.unread == ()


def test_words():
    assert parse_karyotype("complex").features()["complex"] is True
    assert parse_karyotype("complex").features()["gain_3"] is None
    assert parse_karyotype(">3abnormalities").features(None)["normal"] is False
    assert parse_karyotype("normal").features()["normal"] is True
    assert parse_karyotype("normal").features()["gain_3"] is None
    assert parse_karyotype("Hyperdiploidy").features()["hyperdiploid"] is True
    assert parse_karyotype("Hyperdiploidy").features()["normal"] is False
    assert parse_karyotype("Hyperdiploidy").features()["gain_3"] is None
    assert set(parse_karyotype("Not evaluated").features().values()) == {None}
    assert parse_karyotype("complex including -5").features()["loss_5"] is True


def test_the_in_situ_part_is_kept_for_others():
    karyotype = parse_karyotype("46,XX[20].nuc ish(TP53x1,D17Z1x2)[80/200]")
    assert karyotype.in_situ == "nuc ish(TP53x1,D17Z1x2)[80/200]"
    assert karyotype.unread == ()
    assert karyotype.features()["normal"] is True
    between = parse_karyotype("46,XX,+3,-4.ish t(4;14)(FGFR3+)[10]/47,XX,+8[10].nuc ish(TP53x1)[9/10]")
    assert between.in_situ == "ish t(4;14)(FGFR3+)[10]; nuc ish(TP53x1)[9/10]"
    assert [clone.count for clone in between.clones] == [(46, 46), (47, 47)]
    assert between.features()["gain_8"] is True


def test_a_text_that_was_cut_off_denies_nothing():
    karyotype = parse_karyotype("46,XX,del(5)(q12q34),-7,+add(16)(q12")
    assert "H10" in {finding.code for finding in karyotype.findings}
    assert karyotype.features()["loss_7"] is True
    assert karyotype.features()["gain_8"] is None
