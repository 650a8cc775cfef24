"""What changed between two states of a plan: diffs as values, blame of a feature, and earlier states made again."""
