"""The words of verdicts on claims, for those who decide and those who draw."""

HOLDS, FAILS, UNDECIDED, TOO_FEW = "holds", "does not hold", "undecided", "too few seeds"
