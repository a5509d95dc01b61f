"""GDAL and GEOS for GeoDjango out of the wheels of pyogrio and Shapely, which the library needs anyway.

``GDAL_LIBRARY_PATH`` and ``GEOS_LIBRARY_PATH`` name others. Where a wheel keeps its libraries is a habit of the tools
that make wheels, so that what is not found is said with both ways out.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from panhuo.messages import PanhuoError

_WHERE = {
    "GDAL": ("pyogrio", ("pyogrio.libs/libgdal*", "pyogrio.libs/gdal*.dll", "pyogrio/.dylibs/libgdal*")),
    "GEOS": ("shapely", ("shapely.libs/libgeos_c*", "shapely.libs/geos_c*.dll", "shapely/.dylibs/libgeos_c*")),
}


def library(name: str) -> str:
    """The path of the shared library ``GDAL`` or ``GEOS``."""
    variable = f"{name}_LIBRARY_PATH"
    named = os.environ.get(variable)
    if named:
        if not Path(named).exists():
            raise PanhuoError(
                f"环境变量 {variable} 指向的文件不存在：{named}",
                f"The environment variable {variable} names a file that is not there: {named}",
            )
        return named
    package, patterns = _WHERE[name]
    found = importlib.util.find_spec(package)
    if found is not None and found.origin is not None:
        home = Path(found.origin).parent.parent
        for pattern in patterns:
            for file in sorted(home.glob(pattern)):
                return str(file)
    raise PanhuoError(
        f"没有找到 {name}：{package} 的安装包里没有这个库。请用 pip 重新安装 {package}，"
        f"或用环境变量 {variable} 指明系统中的库文件。",
        f"{name} was not found: the installed {package} has no such library. Install {package} again with pip, "
        f"or name the system's library in the environment variable {variable}.",
    )
