"""What goes into the wheel beside the code: built pages and compiled catalogues."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent


class Assets(BuildHookInterface[Any]):
    """Builds what is missing. A machine without Node still gets the library; ``panhuo serve`` says what it lacks."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable" or self.target_name != "wheel":
            return
        sys.path[:0] = [str(ROOT / "web"), str(ROOT / "src" / "panhuo_platform" / "config")]
        import build
        import catalogues

        catalogues.compile_all()

        if not build.is_built():
            npm = build.node_here()
            if npm is None or not build.build(npm):
                self.app.display_warning("The pages were not built: Node 20.19 or newer was not found or failed.")
