"""What the environment says of an installation; every setting has a name here and nowhere else.

PANHUO_HOME        folder of database, attachments, packs and logs (default: ``panhuo-home`` in the working folder)
DATABASE_URL       ``postgis://user:password@host/name``; without it SQLite in the home folder
PANHUO_SECRET_KEY  key of sessions and signatures; without it one is made once and kept in the home folder
PANHUO_HOSTS       host names that are answered, with commas (default: localhost)
PANHUO_HTTPS       ``1`` behind a server that speaks TLS: cookies and redirects are for https only
PANHUO_DEBUG       ``1`` for developers: errors are shown in full
PANHUO_IDLE        minutes without a request after which a session ends (default: 30)
PANHUO_OIDC        sign-in by the government's own identity service (OpenID Connect): the address of its
                   ``.well-known/openid-configuration``; with PANHUO_OIDC_CLIENT, PANHUO_OIDC_SECRET,
                   PANHUO_OIDC_NAME (what the button says) and PANHUO_OIDC_CLAIM (what names the account here;
                   default: preferred_username)
PANHUO_SECOND_FACTOR  who has to sign in with a second factor: ``nobody`` (default), ``administrators``, ``everybody``
PANHUO_BASEMAP     what lies below the parcels on maps: nothing (default), ``tianditu``, ``tianditu-img``, or an
                   address of XYZ or WMTS pictures with ``{z}``, ``{x}``, ``{y}`` (and ``{key}``), which this server
                   gets; or, without internet, a ``.pmtiles`` file on this server (pictures or vector tiles)
PANHUO_BASEMAP_KEY the key of that service; browsers never see it
PANHUO_BASEMAP_SOURCE  whose map it is, as written in its corner
PANHUO_API_RATE    requests that a token (or a signed-in browser) may make of the interfaces in a minute (default: 600)
"""

from __future__ import annotations

import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from panhuo.messages import PanhuoError

_KEY_FILE = "secret-key"


@dataclass(frozen=True, slots=True)
class Oidc:
    """A service that signs people in for us."""

    server: str
    client: str
    secret: str
    name: str
    claim: str


@dataclass(frozen=True, slots=True)
class Environment:
    """The settings of one installation."""

    home: Path
    database_url: str | None
    secret_key: str
    hosts: tuple[str, ...]
    https: bool
    debug: bool
    idle_minutes: int
    second_factor: str
    oidc: Oidc | None
    basemap: str
    basemap_key: str
    basemap_source: str
    api_rate: int


def read() -> Environment:
    """The environment as it stands; makes the home folder and its key where they are missing."""
    home = Path(os.environ.get("PANHUO_HOME") or "panhuo-home").resolve()
    home.mkdir(parents=True, exist_ok=True)
    hosts = os.environ.get("PANHUO_HOSTS", "")
    return Environment(
        home=home,
        database_url=os.environ.get("DATABASE_URL") or None,
        secret_key=os.environ.get("PANHUO_SECRET_KEY") or _kept_key(home),
        hosts=tuple(h.strip() for h in hosts.split(",") if h.strip()) or ("localhost", "127.0.0.1", "[::1]"),
        https=_yes("PANHUO_HTTPS"),
        debug=_yes("PANHUO_DEBUG"),
        idle_minutes=_minutes("PANHUO_IDLE", 30),
        second_factor=_one_of("PANHUO_SECOND_FACTOR", ("nobody", "administrators", "everybody")),
        oidc=_oidc(),
        basemap=_basemap(),
        basemap_key=os.environ.get("PANHUO_BASEMAP_KEY", "").strip(),
        basemap_source=os.environ.get("PANHUO_BASEMAP_SOURCE", "").strip(),
        api_rate=_whole("PANHUO_API_RATE", 600, 1, 1_000_000),
    )


def _yes(name: str) -> bool:
    return os.environ.get(name, "").strip().lower() in ("1", "true", "yes", "on")


def _oidc() -> Oidc | None:
    server = os.environ.get("PANHUO_OIDC", "").strip()
    if not server:
        return None
    told = {key: os.environ.get(f"PANHUO_OIDC_{key}", "").strip() for key in ("CLIENT", "SECRET", "NAME", "CLAIM")}
    missing = [f"PANHUO_OIDC_{key}" for key in ("CLIENT", "SECRET") if not told[key]]
    if missing:
        raise PanhuoError(
            f"设了 PANHUO_OIDC，还要设 {'、'.join(missing)}。", f"PANHUO_OIDC also needs {', '.join(missing)}."
        )
    return Oidc(
        server, told["CLIENT"], told["SECRET"], told["NAME"] or "统一身份认证", told["CLAIM"] or "preferred_username"
    )


def _minutes(name: str, default: int) -> int:
    said = os.environ.get(name, "").strip() or str(default)
    if not said.isdecimal() or not 1 <= int(said) <= 1440:
        raise PanhuoError(
            f"{name} 应当是 1 到 1440 的分钟数，现在是“{said}”。",
            f"{name} should be minutes from 1 to 1440, not '{said}'.",
        )
    return int(said)


def _whole(name: str, default: int, least: int, most: int) -> int:
    said = os.environ.get(name, "").strip() or str(default)
    if not (said.isascii() and said.isdecimal()) or not least <= int(said) <= most:
        raise PanhuoError(
            f"{name} 应当是 {least} 到 {most} 的整数，现在是“{said}”。",
            f"{name} should be a whole number from {least} to {most}, not '{said}'.",
        )
    return int(said)


def _one_of(name: str, words: tuple[str, ...]) -> str:
    """One of the words; the first where nothing is said."""
    said = os.environ.get(name, "").strip().lower() or words[0]
    if said not in words:
        raise PanhuoError(
            f"{name} 只能是 {'、'.join(words)}，现在是“{said}”。", f"{name} is one of {', '.join(words)}, not '{said}'."
        )
    return said


def _basemap() -> str:
    """Empty, a service that is known by its name, an address with places for a picture's number, or a file."""
    said = os.environ.get("PANHUO_BASEMAP", "").strip()
    if said in ("", "tianditu", "tianditu-img"):
        return said
    if said.startswith(("http://", "https://")) and all(place in said for place in ("{z}", "{x}", "{y}")):
        return said
    if said.lower().endswith(".pmtiles"):
        file = Path(said).expanduser()
        if not file.is_file():
            raise PanhuoError(
                f"PANHUO_BASEMAP 指定的底图文件不存在：{said}。",
                f"The file that PANHUO_BASEMAP names is not there: {said}.",
            )
        return str(file.resolve())
    raise PanhuoError(
        "PANHUO_BASEMAP 应当是 tianditu、tianditu-img、含有 {z}、{x}、{y} 的 http(s) 地址，"
        f"或 .pmtiles 文件，现在是“{said}”。",
        "PANHUO_BASEMAP is tianditu, tianditu-img, an http(s) address with {z}, {x} and {y}, "
        f"or a .pmtiles file, not '{said}'.",
    )


def _kept_key(home: Path) -> str:
    """The key that the first start made; readable by its owner only, and the same for workers that start together."""
    file = home / _KEY_FILE
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        for _ in range(50):  # whoever is making it now has it written in no time
            if key := file.read_text(encoding="ascii").strip():
                return key
            time.sleep(0.1)
        raise PanhuoError(
            f"密钥文件是空的：{file}。请删除后重新启动；已登录的用户需要重新登录。",
            f"The key file is empty: {file}. Remove it and start again; whoever is signed in signs in once more.",
        ) from None
    with os.fdopen(handle, "w", encoding="ascii") as writer:
        writer.write(key := secrets.token_urlsafe(64))
    return key
