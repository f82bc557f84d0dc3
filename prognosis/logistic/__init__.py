"""Logistic regression for a binary outcome: likelihood, separation, Firth, profiles, lrm's statistics."""
