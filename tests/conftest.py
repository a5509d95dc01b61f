"""What all tests share."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of development data beside the checkout, or a loud skip.

    ``PANHUO_SHARED_DATA`` names another place.
    """
    folder = Path(os.environ.get("PANHUO_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        warnings.warn(f"development data not found at {folder}: tests that need it are skipped", stacklevel=1)
        pytest.skip(f"development data not found at {folder}")
    return folder


@pytest.fixture(scope="session")
def packs_folder() -> Path:
    """The packs of the repository."""
    return ROOT / "packs"
