"""What a typed pack must still satisfy: everything it names must exist."""

from __future__ import annotations

from collections.abc import Mapping

from panhuo.packs.pack import Pack
from panhuo.packs.problems import Problems
from panhuo.packs.yamlfile import Located


def check_contents(pack: Pack, merged: Mapping[str, Located], problems: Problems) -> None:
    """Note every reference of the pack that leads nowhere."""
