"""Accelerated failure time models: distributions, likelihood, estimates."""
