"""Divisions (行政区划) and their boundaries, with the time they hold."""
