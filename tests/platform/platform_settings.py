"""The platform's settings for tests: a home folder of its own, and tables that only tests have."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

if "PANHUO_TESTS_HOME" in os.environ:  # a process that a test starts, in the test's own home
    os.environ["PANHUO_HOME"] = os.environ["PANHUO_TESTS_HOME"]
else:
    os.environ["PANHUO_HOME"] = tempfile.mkdtemp(prefix="panhuo-tests-")
    atexit.register(shutil.rmtree, os.environ["PANHUO_HOME"], ignore_errors=True)
os.environ.pop("PANHUO_SECRET_KEY", None)

from panhuo_platform.config.settings import *  # noqa: F403
from panhuo_platform.config.settings import INSTALLED_APPS as _APPS

INSTALLED_APPS = [*_APPS, "geosqlite_places", "jobs_trial"]
# Hashing made slow on purpose has its own test; here hundreds of accounts are made.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
