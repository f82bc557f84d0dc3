"""Gradient boosting: losses with exact weights and ties, growth by xgboost, calibration in patients left out."""
