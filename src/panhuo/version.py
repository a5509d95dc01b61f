"""The version of this program, for manifests and ``panhuo --version``."""

__version__ = "0.1.0"
