"""A page of findings made from results."""
