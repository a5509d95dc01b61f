"""``survey init``: look at a delivery and write the survey.yaml that a person then checks."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from panhuo import exchange
from panhuo.exchange import Layer
from panhuo.land.roles import ROLES
from panhuo.land.schema import guess_role, map_fields
from panhuo.messages import PanhuoError
from panhuo.progress import Progress, silent

#: Below this a guess is written as a comment, for a person to decide.
SURE = 0.45


@dataclass(frozen=True, slots=True)
class Guess:
    """What a layer of the delivery seems to be."""

    source: str
    layer: str | None
    rows: int
    role: str | None
    score: float
    note: str


def init(
    delivery: Path, folder: Path | None = None, *, pack: str, title: str | None, on: date, force: bool = False,
    progress: Progress = silent,
) -> tuple[Path, list[Guess]]:  # fmt: skip
    """Write ``survey.yaml`` for a delivery and return it with every guess.

    The file stands beside the delivery (or in ``folder``); paths in it are relative to it. An existing file is
    replaced only with ``force``.
    """
    if not delivery.exists():
        raise PanhuoError("没有这个文件或文件夹。", "There is no such file or folder.", where=str(delivery))
    place = folder or delivery.resolve().parent
    file = place / "survey.yaml"
    if file.exists() and not force:
        raise PanhuoError(
            "survey.yaml 已存在；确要覆盖请加 --force。",
            "survey.yaml is there already; use --force to replace it.",
            where=str(file),
        )
    opened = exchange.open_delivery(delivery, progress=progress)
    crowded = _crowded(opened.layers)
    guesses = [_guess(layer, layer.source in crowded) for layer in opened.layers]
    base = os.path.relpath(delivery, place)
    prefix = f"{Path(base).as_posix()}/" if delivery.is_dir() else ""
    lines = [
        f"title: {_quoted(title or delivery.stem)}",
        f"pack: {pack}",
        f"on: {on.isoformat()}            # 按哪一天有效的标准 / the standard as in force on this day",
        "crs: auto                  # 或写明，如 EPSG:4527 / or say it",
        "# years: {economy: 2025, yield: 2025}",
        "inputs:                    # 角色见 / roles: " + "、".join(f"{r.id}（{r.zh}）" for r in ROLES.values()),
    ]
    used = False
    for guess in guesses:
        own = (
            f"{prefix}{guess.source}" if delivery.is_dir() else Path(base).as_posix() + _inside(delivery, guess.source)
        )
        layer = f", layer: {_quoted(guess.layer)}" if guess.layer else ""
        entry = f"  - {{path: {_quoted(own)}{layer}, role: {guess.role}}}   # {guess.rows} 行，把握 {guess.score:.0%}"
        sure = guess.role is not None and guess.score >= SURE
        used = used or sure
        lines.append((entry if sure else "  # " + entry.strip()) + (f"；{guess.note}" if guess.note else ""))
    if not used:
        lines.append("  []")
    lines += ["results: 成果", ""]
    place.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(".yaml.new")
    fresh.write_text("\n".join(lines), encoding="utf-8")
    fresh.replace(file)
    return file, guesses


def _inside(delivery: Path, source: str) -> str:
    """The part of a source behind the archive's own name."""
    name = delivery.name
    return source.removeprefix(name) if source.startswith(name) else ""


def _crowded(layers: tuple[Layer, ...]) -> set[str]:
    """Sources that hold more than one layer."""
    seen: dict[str, int] = {}
    for layer in layers:
        seen[layer.source] = seen.get(layer.source, 0) + 1
    return {s for s, n in seen.items() if n > 1}


def _guess(layer: Layer, crowded: bool) -> Guess:
    stem = layer.source.rsplit(".", 1)[0]
    ranked = guess_role(f"{stem}/{layer.name}", layer.fields, layer.geometry is not None)
    role, score = ranked[0] if ranked else (None, 0.0)
    note = ""
    if role is not None:
        missing = map_fields(role, layer.fields).missing
        if missing:
            titles = {f.name: f.zh for f in ROLES[role].fields}
            note = "缺少 / missing: " + "、".join(titles[m] for m in missing)
        elif len(ranked) > 1 and ranked[1][1] > score - 0.1:
            note = f"也可能是 / or {ranked[1][0]}"
    return Guess(layer.source, layer.name if crowded else None, layer.count, role, score, note)


def _quoted(text: str | None) -> str:
    return '"' + (text or "").replace("\\", "\\\\").replace('"', '\\"') + '"'
