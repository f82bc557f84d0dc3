"""Simulators: made-up cohorts whose truth is known, for examples, teaching and tests of methods.

This folder may import what `cohorts` may; it imports nothing of the rooms above.
"""

from cohorts.simulation.effects import Effect
from cohorts.simulation.myeloma import simulate_myeloma
from cohorts.simulation.simulated import Simulated

__all__ = ["Effect", "Simulated", "simulate_myeloma"]
