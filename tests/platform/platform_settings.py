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
# Hashing made slow on purpose has its own test; here hundreds of accounts are made.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
