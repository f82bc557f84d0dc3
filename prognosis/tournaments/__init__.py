"""Pipelines compared on identical folds, with an estimate of the winner that is corrected for having been chosen."""
