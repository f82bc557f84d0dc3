"""External validation: a fitted model judged in patients of another cohort, without refitting it."""
