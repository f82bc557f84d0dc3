"""Karyotypes of plasma cells, written as ISCN does, from the abnormalities that each patient truly has."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from cohorts.simulation.effects import Bools, Floats

METAPHASES = 20
# In the order in which ISCN lists them: sex chromosomes first, then by number, and numerical before structural.
ITEMS = {
    "gain_1": "+1",
    "del1p32": "del(1)(p32)",
    "dup_1q": "dup(1)(q21q32)",
    "trp_1q": "trp(1)(q21q32)",
    "gain_2": "+2",
    "gain_3": "+3",
    "gain_5": "+5",
    "t_6_14": "t(6;14)(p21;q32)",
    "del6q": "del(6)(q21)",
    "gain_7": "+7",
    "gain_9": "+9",
    "gain_11": "+11",
    "t_11_14": "t(11;14)(q13;q32)",
    "del12p": "del(12)(p13)",
    "loss_13": "-13",
    "del13_part": "del(13)(q14)",
    "gain_15": "+15",
    "loss_16": "-16",
    "del17p": "del(17)(p13)",
    "gain_19": "+19",
    "gain_21": "+21",
    "loss_21": "-21",
}
SMALLEST_CLONE = 3


def karyotypes(true: Mapping[str, Bools], male: Bools, dividing: Bools, rng: np.random.Generator) -> list[str]:
    """Return one karyotype a patient.

    Parameters
    ----------
    true : findings of the plasma cells by name. t(4;14), t(14;16) and t(14;20) are cryptic and never written.
    male : who has XY. dividing : whose plasma cells divided; all others' metaphases are normal marrow.
    """
    shown = {**true, **_copies_of_1q(true), "del13_part": true["del13q"] & ~true["loss_13"]}
    code = np.zeros(len(male), dtype=np.int64)
    for place, name in enumerate(ITEMS):
        code |= (shown[name] & dividing).astype(np.int64) << place
    sex = np.where(male, "XY", "XX")
    cells = rng.integers(SMALLEST_CLONE, METAPHASES + 1, len(male))
    which, kinds = pd.factorize(code * 2 + male)
    clones = np.array([_clone(int(kind) >> 1, "XY" if kind & 1 else "XX") for kind in kinds], dtype=object)
    normal = [f"46,{each}" for each in ("XX", "XY")]
    ending = {
        (number, each): f"[{number}]" + (f"/46,{each}[{METAPHASES - number}]" if number < METAPHASES else "")
        for number in range(SMALLEST_CLONE, METAPHASES + 1)
        for each in ("XX", "XY")
    }
    whole = {f"46,{each}": f"46,{each}[{METAPHASES}]" for each in ("XX", "XY")}
    written = zip(clones[which].tolist(), cells.tolist(), sex.tolist(), strict=True)
    return [whole[clone] if clone in normal else clone + ending[number, each] for clone, number, each in written]


def _copies_of_1q(true: Mapping[str, Bools]) -> dict[str, Bools]:
    """Say how 1q is written: three copies by +1 or a duplication, four by both or a triplication."""
    further = true["gain_1q21"] & (~true["gain_1"] | true["amp_1q21"])
    return {
        "dup_1q": further & (~true["amp_1q21"] | true["gain_1"]),
        "trp_1q": further & true["amp_1q21"] & ~true["gain_1"],
    }


def _clone(code: int, sex: str) -> str:
    items = [text for place, text in enumerate(ITEMS.values()) if code >> place & 1]
    number = 46 + sum(text.startswith("+") for text in items) - sum(text.startswith("-") for text in items)
    return ",".join([f"{number},{sex}", *items])


def trisomies(hyperdiploid: Bools, shares: Mapping[str, float], rng: np.random.Generator) -> dict[str, Bools]:
    """Draw which odd chromosomes are trisomic in hyperdiploid plasma cells; at least five of them always are."""
    drawn = {name: hyperdiploid & (rng.random(len(hyperdiploid)) < share) for name, share in shares.items()}
    few = hyperdiploid & (np.sum(list(drawn.values()), axis=0) < 5)
    always = list(shares)[:5]
    return {name: drawn[name] | few if name in always else drawn[name] for name in drawn}


def clone_share(n: int, rng: np.random.Generator) -> Floats:
    """Draw the share of plasma cells with the abnormalities [chosen: 30 % to 95 %]."""
    return rng.uniform(0.30, 0.95, n)
