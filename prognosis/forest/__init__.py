"""Random survival forests: rows as codes, trees as plain arrays, growth over threads, answers, and what they say."""
