"""Standards in force, runs, verdicts, confirmations, submissions."""
