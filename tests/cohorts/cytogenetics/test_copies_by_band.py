"""Copies by band against a slow account of single bands, and laws of derivative chromosomes."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts.cytogenetics import ABNORMALITIES, parse_karyotype
from cohorts.cytogenetics.abnormalities import Region
from cohorts.cytogenetics.bands import BANDS, breakpoint_of, exists

REGIONS = {name: each.rule for name, each in ABNORMALITIES.items() if isinstance(each.rule, Region)}
CHROMOSOMES = sorted({rule.band.split("p")[0].split("q")[0] for rule in REGIONS.values()})


def arm(chromosome: str, which: str) -> list[str]:
    """Return the bands of an arm from the centromere outwards."""
    return sorted(band for band in BANDS[chromosome] if band[0] == which)


def expected(chromosome: str, lost: set[str], gained: dict[str, int]) -> dict[str, bool]:
    """Return the catalogue's regions from the bands lost and gained, one by one."""
    found = {}
    for name, rule in REGIONS.items():
        here = {band for band in BANDS[chromosome] if f"{chromosome}{band}".startswith(rule.band)}
        copies = [-(band in lost) + gained.get(band, 0) for band in here]
        if rule.change == "loss":
            found[name] = any(change <= -rule.by for change in copies)
        else:
            found[name] = any(change >= rule.by for change in copies)
    return found


def regions_of(text: str) -> dict[str, bool | None]:
    found = parse_karyotype(text).features()
    return {name: found[name] for name in REGIONS}


@pytest.mark.parametrize("chromosome", CHROMOSOMES)
def test_every_deletion_and_duplication_between_bands(chromosome):
    for which in "pq":
        bands = arm(chromosome, which)
        for first, band in enumerate(bands):
            outer = set(bands[first:])
            assert regions_of(f"46,XX,del({chromosome})({band})") == expected(chromosome, outer, {})
        for low, high in combinations(range(len(bands)), 2):
            between = bands[low : high + 1]
            ends = f"({chromosome})({bands[low]}{bands[high]})"
            assert regions_of(f"46,XX,del{ends}") == expected(chromosome, set(between), {})
            assert regions_of(f"46,XX,dup{ends}") == expected(chromosome, set(), dict.fromkeys(between, 1))
            assert regions_of(f"46,XX,trp{ends}") == expected(chromosome, set(), dict.fromkeys(between, 2))


@pytest.mark.parametrize("chromosome", CHROMOSOMES)
@pytest.mark.parametrize("which", "pq")
def test_every_isochromosome(chromosome, which):
    other = "q" if which == "p" else "p"
    kept, lost = dict.fromkeys(arm(chromosome, which), 1), set(arm(chromosome, other))
    assert regions_of(f"46,XX,i({chromosome})({which}10)") == expected(chromosome, lost, kept)
    assert regions_of(f"47,XX,+i({chromosome})({which}10)") == expected(
        chromosome, set(), dict.fromkeys(arm(chromosome, which), 2)
    )


PLACES = st.sampled_from([(name, band) for name in sorted(BANDS) if name not in "XY" for band in sorted(BANDS[name])])


@given(PLACES, PLACES)
def test_both_derivatives_of_a_translocation_are_balanced(first, second):
    if first[0] == second[0]:
        return
    exchange = f"t({first[0]};{second[0]})({first[1]};{second[1]})"
    both = regions_of(f"46,XX,der({first[0]}){exchange},der({second[0]}){exchange}")
    assert True not in both.values()
    assert True not in regions_of(f"46,XX,{exchange}").values()
    gained = parse_karyotype(f"48,XX,+der({first[0]}){exchange},+der({second[0]}){exchange}").features()
    assert gained[f"gain_{first[0]}"] is not False
    assert gained[f"loss_{first[0]}"] is False


@given(PLACES, PLACES)
def test_one_derivative_loses_its_own_end_and_gains_the_other(first, second):
    if first[0] == second[0]:
        return
    found = regions_of(f"46,XX,der({first[0]})t({first[0]};{second[0]})({first[1]};{second[1]})")
    beyond = {band for band in arm(first[0], first[1][0]) if band > first[1]}
    brought = {band for band in arm(second[0], second[1][0]) if band > second[1]}
    certain = [expected(first[0], beyond, {}), expected(second[0], set(), dict.fromkeys(brought, 1))]
    possible = [
        expected(first[0], beyond | {first[1]}, {}),
        expected(second[0], set(), dict.fromkeys(brought | {second[1]}, 1)),
    ]
    for name in REGIONS:
        surely, perhaps = any(each[name] for each in certain), any(each[name] for each in possible)
        assert found[name] is (True if surely else None if perhaps else False), name


def test_bands_that_exist():
    assert len(BANDS) == 24
    assert sum(len(bands) for bands in BANDS.values()) == 320
    assert [exists("1", band) for band in ("q21", "q21.3", "q2", "q", "q10", "qter", "q26", "q45", "p14")] == [
        *(True, True, True, True, True, True),
        *(False, False, False),
    ]
    assert exists("?", "q99")
    assert (exists("13", "q12-q14"), exists("19", "p13.1-13.3"), exists("13", "q12-19")) == (True, True, False)


def test_a_band_lies_in_the_band_it_is_part_of():
    whole, part, region = (breakpoint_of(text) for text in ("q21", "q21.3", "q2"))
    assert region.low <= whole.low <= part.low < part.high <= whole.high <= region.high
    short = breakpoint_of("p21")
    assert (short.low, short.high) == (-whole.high, -whole.low)
    assert breakpoint_of("pter").low == -1.0
    with pytest.raises(ValueError, match="is no band"):
        breakpoint_of("r21")
