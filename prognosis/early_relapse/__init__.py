"""The event within a window of time, from censored follow-up: who is known, with which weight, and what was estimated.

May import the outcome, weights and curves of this room; nothing of the model recipes.
"""
