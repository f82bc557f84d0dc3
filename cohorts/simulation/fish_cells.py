"""FISH of enriched plasma cells as a laboratory counts it: one row for each probe set of each patient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cohorts.simulation.effects import Bools, Floats

COUNTED = 200
# Of 200 cells; above every laboratory's cut-off.
FEWEST_TRUE = 50


@dataclass(frozen=True)
class ProbeSet:
    """A probe set and what its pattern looks like in ISCN.

    Parameters
    ----------
    name : genes and controls. feature : name of the finding in the catalogue of abnormalities.
    finding : pattern of a cell that has it.
    noise : most normal cells in 200 that look abnormal; below the laboratory's cut-off (10 % fusions, 20 % numbers).
    """

    name: str
    feature: str
    finding: str
    noise: int


def _fusion(first: str, second: str, feature: str) -> ProbeSet:
    pair = f"({first},{second})"
    return ProbeSet(f"{first}/{second}", feature, f"{pair}x3({first} con {second}x2)", 8)


PANEL = (
    _fusion("FGFR3", "IGH", "t_4_14"),
    _fusion("CCND3", "IGH", "t_6_14"),
    _fusion("CCND1", "IGH", "t_11_14"),
    _fusion("IGH", "MAF", "t_14_16"),
    _fusion("IGH", "MAFB", "t_14_20"),
    ProbeSet("TP53/D17Z1", "del17p", "(TP53x1,D17Z1x2)", 16),
    ProbeSet("CDKN2C", "del1p32", "(CDKN2Cx1)", 16),
    ProbeSet("CKS1B", "gain_1q21", "(CKS1Bx3)", 16),
    ProbeSet("RB1", "del13q", "(RB1x1)", 16),
)
AMPLIFIED, THREE_OF_1P = "(CKS1Bx4)", "(CDKN2Cx3)"


def fish_table(
    ids: pd.Index,
    true: Mapping[str, Bools],
    done: Mapping[str, Bools],
    share: Floats,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return the long table: patient, probe, pattern, positive, counted, enriched.

    Parameters
    ----------
    true : what the plasma cells have. done : for which patients a feature's probe set was hybridised.
    share : of plasma cells with the abnormalities, one value a patient.

    Notes
    -----
    A pattern is the abnormal one wherever it was looked for, so a normal patient has its few false cells.
    """
    patterns = [*(probe.finding for probe in PANEL), AMPLIFIED, THREE_OF_1P]
    n, cells = len(ids), np.clip(share, 0.3, 0.98)
    positive = np.empty((n, len(PANEL)), dtype=np.int64)
    pattern = np.tile(np.arange(len(PANEL), dtype=np.int8), (n, 1))
    for place, probe in enumerate(PANEL):
        false = rng.integers(0, probe.noise + 1, n)
        found = np.maximum(rng.binomial(COUNTED, cells), FEWEST_TRUE)
        has = true[probe.feature]
        if probe.feature == "del1p32":
            # a whole further chromosome 1 shows with the probe of its other arm too
            has = has | true["gain_1"]
            pattern[true["gain_1"], place] = len(PANEL) + 1
        positive[:, place] = np.where(has, found, false)
        if probe.feature == "gain_1q21":
            pattern[true["amp_1q21"], place] = len(PANEL)
    # one row a patient, one column a probe set: read row by row it is the long table
    kept = np.column_stack([done[probe.feature] for probe in PANEL])
    row, probe_of = np.nonzero(kept)
    return pd.DataFrame(
        {
            "patient": ids.to_numpy()[row],
            "probe": pd.Categorical.from_codes(probe_of, [probe.name for probe in PANEL]),
            "pattern": pd.Categorical.from_codes(pattern[kept], patterns),
            "positive": positive[kept],
            "counted": COUNTED,
            "enriched": True,
        }
    )
