"""`make prove`: the real processes, killed and frozen, against a ledger outside the system."""
