"""盘活: turns a city's policy for redeveloping inefficient land into a running system."""

__version__ = "0.1.0"
