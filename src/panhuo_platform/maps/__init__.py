"""Layers, styles, vector tiles."""
