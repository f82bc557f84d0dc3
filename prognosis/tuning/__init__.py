"""Choosing the parameters of a recipe by an inner cross-validation: candidates, folds, scores, and what was chosen."""
