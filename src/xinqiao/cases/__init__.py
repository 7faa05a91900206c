"""The case: one demand, one procedure, one clock, one ledger. The only way to change one is take_step."""
