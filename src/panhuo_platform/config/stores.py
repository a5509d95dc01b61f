"""Where the data lie: SQLite in the home folder, or the PostgreSQL that ``DATABASE_URL`` names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dj_database_url

from panhuo.messages import PanhuoError

SQLITE = "panhuo_platform.geosqlite"
POSTGIS = "django.contrib.gis.db.backends.postgis"

_ENGINES = {"postgres": POSTGIS, "postgresql": POSTGIS, "postgis": POSTGIS, "sqlite": SQLITE}


def store(url: str | None, home: Path) -> dict[str, Any]:
    """Django's settings of the database at ``url``; without one, ``panhuo.sqlite3`` in ``home``."""
    if not url:
        return _sqlite(str(home / "panhuo.sqlite3"))
    scheme = url.split(":", 1)[0]
    engine = _ENGINES.get(scheme)
    if engine is None:
        raise PanhuoError(
            f"DATABASE_URL 以“{scheme}:”开头，无法识别；可以写 sqlite:///文件 或 postgis://用户:口令@主机/库名。",
            f"DATABASE_URL begins with '{scheme}:', which is unknown; write sqlite:///file or "
            "postgis://user:password@host/name.",
        )
    told: dict[str, Any] = dict(dj_database_url.parse(url, engine=engine))
    if engine == SQLITE:
        return _sqlite(told["NAME"])
    return told | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}


def _sqlite(file: str) -> dict[str, Any]:
    return {
        "ENGINE": SQLITE,
        "NAME": file,
        "OPTIONS": {
            # readers go on while one writes; a writer takes its turn at once instead of failing half-way
            "transaction_mode": "IMMEDIATE",
            "timeout": 30,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
        },
        # pytest-xdist tells its databases apart by this name
        "TEST": {"NAME": f"{file}.test"},
    }
