"""Competing risks: Fine-Gray regression, and cause-specific Cox models combined into absolute risk."""
