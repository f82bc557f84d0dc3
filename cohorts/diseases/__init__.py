"""Diseases: codebooks, endpoints and stages of bone oncology as declarations, one file a disease.

This folder may import what `cohorts` may; it imports nothing of the rooms above.
"""
