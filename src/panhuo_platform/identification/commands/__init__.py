"""Writes of identification, one module a subject: standards, runs, steps, overrides, objections, submissions."""
