"""Measures of how good predictions are: functions of outcome and prediction."""
