"""From labelled runs to what they say: pure functions that print nothing."""
