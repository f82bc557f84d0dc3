"""Smaller settings of slow recipes, for tests that walk all recipes and fit each many times."""

from __future__ import annotations

QUICK = {
    "AdaBoost": {"rounds": 6},
    "ExtraTrees": {"trees": 15, "folds": 3},
    "GradientBoosting": {"folds": 3, "trees": 60},
    "NeuralNetwork": {"nets": 1, "folds": 3},
    "PenalisedCox": {"folds": 3},
    "RandomSurvivalForest": {"trees": 60},
    "SupportVectorMachine": {"folds": 3},
    "Transfer": {"folds": 3},
    "Tuned": {"folds": 3},
}


def quick(recipe):
    """Return a recipe at its defaults, or at its smaller settings."""
    return recipe(**QUICK.get(recipe.__name__, {}))
