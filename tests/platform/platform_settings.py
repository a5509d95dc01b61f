"""The platform's settings for tests: a home folder of its own, and tables that only tests have."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

os.environ["PANHUO_HOME"] = tempfile.mkdtemp(prefix="panhuo-tests-")
os.environ.pop("PANHUO_SECRET_KEY", None)
atexit.register(shutil.rmtree, os.environ["PANHUO_HOME"], ignore_errors=True)

from panhuo_platform.config.settings import *  # noqa: E402, F403
from panhuo_platform.config.settings import INSTALLED_APPS as _APPS  # noqa: E402

INSTALLED_APPS = [*_APPS, "geosqlite_places", "jobs_trial"]
