"""What is asked of results: tails, comparisons, blame, exposure."""
