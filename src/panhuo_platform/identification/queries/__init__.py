"""Reads of identification, one module a subject; each takes the acting user."""
