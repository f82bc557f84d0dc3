"""Model files: a fitted model as data and back, with every check that opening one needs."""
