"""Cytogenetics: karyotypes and FISH as the chart writes them become abnormalities present, absent or not assessable.

This folder may import what `cohorts` may, and lark inside functions; it imports nothing of the rooms above.
"""

from cohorts.cytogenetics.abnormalities import ABNORMALITIES, Abnormality
from cohorts.cytogenetics.clone import Clone
from cohorts.cytogenetics.evidence import Cytogenetics, Evidence, Rules
from cohorts.cytogenetics.fish import Fish, parse_fish
from cohorts.cytogenetics.fish_features import EMN, CutOffs
from cohorts.cytogenetics.fish_table import fish_from_table
from cohorts.cytogenetics.high_risk import DEFINITIONS
from cohorts.cytogenetics.item import Item
from cohorts.cytogenetics.karyotype import Karyotype, parse_karyotype
from cohorts.cytogenetics.patients import Asked, CytogeneticTable, cytogenetics_of

__all__ = [
    "ABNORMALITIES",
    "DEFINITIONS",
    "EMN",
    "Abnormality",
    "Asked",
    "Clone",
    "CutOffs",
    "CytogeneticTable",
    "Cytogenetics",
    "Evidence",
    "Fish",
    "Item",
    "Karyotype",
    "Rules",
    "cytogenetics_of",
    "fish_from_table",
    "parse_fish",
    "parse_karyotype",
]
