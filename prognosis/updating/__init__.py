"""Recalibrating and refitting a model in another cohort, and the test that picks the least change that is needed."""
