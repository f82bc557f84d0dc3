"""The imaging room: radiographs become an out-of-fold risk score that enters a cohort like any other column.

It may import cohorts and prognosis, never nomograms or reports, and it is the only room that imports torch.
"""
