"""From what was estimated to what a figure shows: numbers of `prognosis` and words of the wording table, no drawing.

May import the rooms below reports, and of reports the figures' dataclasses, formatting and wording.
"""
