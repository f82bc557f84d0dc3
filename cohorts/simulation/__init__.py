"""Simulators: made-up cohorts whose truth is known, for examples, teaching and tests of methods.

This folder may import what `cohorts` may; it imports nothing of the rooms above.
"""

from collections.abc import Callable, Mapping

from cohorts.simulation.chondrosarcoma import simulate_chondrosarcoma
from cohorts.simulation.effects import Effect
from cohorts.simulation.giant_cell_tumour import simulate_giant_cell_tumour
from cohorts.simulation.monoclonal_gammopathy import simulate_monoclonal_gammopathy
from cohorts.simulation.myeloma import simulate_myeloma
from cohorts.simulation.osteosarcoma import simulate_osteosarcoma
from cohorts.simulation.simulated import Simulated

SIMULATORS: Mapping[str, Callable[..., Simulated]] = {
    "myeloma": simulate_myeloma,
    "chondrosarcoma": simulate_chondrosarcoma,
    "osteosarcoma": simulate_osteosarcoma,
    "giant_cell_tumour": simulate_giant_cell_tumour,
    "monoclonal_gammopathy": simulate_monoclonal_gammopathy,
}

__all__ = [
    "SIMULATORS",
    "Effect",
    "Simulated",
    "simulate_chondrosarcoma",
    "simulate_giant_cell_tumour",
    "simulate_monoclonal_gammopathy",
    "simulate_myeloma",
    "simulate_osteosarcoma",
]
