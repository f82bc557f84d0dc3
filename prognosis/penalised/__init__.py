"""Penalised paths, lasso to ridge, and the choice of the penalty by cross-validation."""
