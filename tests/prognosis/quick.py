"""Smaller settings of slow recipes, for tests that walk all recipes and fit each many times."""

from __future__ import annotations

QUICK = {"ExtraTrees": {"trees": 15}, "AdaBoost": {"rounds": 6}, "NeuralNetwork": {"nets": 1}}


def quick(recipe):
    """Return a recipe at its defaults, or at its smaller settings."""
    return recipe(**QUICK.get(recipe.__name__, {}))
