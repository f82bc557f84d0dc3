"""Batch effects of scanners and sites: estimated from the rows of a fit, taken out of these and of new patients."""
