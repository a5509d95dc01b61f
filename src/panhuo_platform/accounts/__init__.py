"""Signing in, and what people do to their own account."""
