"""A served demo district and a real browser. Everything here runs in one process, one after the other."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import urllib.request
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browser_site import Site, environment, free_port, panhuo

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SIZES = {"desk": (1280, 800), "wide": (1920, 1080), "phone": (390, 844)}


@pytest.hookimpl(tryfirst=True)  # before the group is read, however the tests were named
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def chromium() -> str:
    """Debian's Chromium; a loud skip where there is none."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        warnings.warn("no Chromium: the tests in a browser are skipped", stacklevel=1)
        pytest.skip("no Chromium was found")
    return program


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    """A browser without any connection but to this machine.

    Of a module, not of the session: while Playwright runs, Django takes this process for an asynchronous one and keeps
    the tests that come after these from their database.
    """
    from playwright.sync_api import sync_playwright

    # whatever a page asks for outside of this machine fails, as it would on a network that is cut
    rules = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
    try:
        playwright = sync_playwright().start()
    except Exception as error:
        pytest.fail(f"Playwright does not start ({error}); on Debian its Node wants: apt-get install libatomic1")
    try:
        started = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--enable-unsafe-swiftshader", rules]
        )
        yield started
        started.close()
    finally:
        playwright.stop()


@pytest.fixture(scope="session")
def site(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The demo district, served by ``panhuo serve`` with its worker.

    ``PANHUO_DEMO_HOME`` names a home that holds it already, for those who try the tests one by one.
    """
    try:
        shared = tmp_path_factory.getbasetemp()
        (shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared).joinpath("one-site").touch(exist_ok=False)
    except FileExistsError:
        pytest.fail("the tests in a browser were spread over processes: run them with --dist loadgroup")
    home = tmp_path_factory.mktemp("site") / "home"
    if made := os.environ.get("PANHUO_DEMO_HOME"):
        shutil.copytree(made, home)
    else:
        panhuo(home, "manage", "demo", "--parcels", "600")
    port = free_port()
    serve = [sys.executable, "-m", "panhuo.cli", "serve", "--port", str(port)]
    with (home / "serve.log").open("wb") as log:
        process = subprocess.Popen(serve, env=environment(home), stdout=log, stderr=log, start_new_session=True)
    address = f"http://127.0.0.1:{port}"
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=2):
                break
        except OSError:
            if process.poll() is not None:
                pytest.fail((home / "serve.log").read_text())
            time.sleep(0.2)
    password = (home / "demo-users.txt").read_text(encoding="utf-8").splitlines()[0].split()[-1]
    yield Site(address, home, password, process)
    process.terminate()
    process.wait(20)


@pytest.fixture
def sign_in(site: Site, browser: Any) -> Iterator[Callable[..., Any]]:
    """``sign_in("ziran", "wide")`` gives a page of that user at that size. Errors on the console fail the test."""
    opened: list[Any] = []
    said: list[str] = []

    def page_of(account: str | None, size: str = "desk") -> Any:
        width, height = SIZES[size]
        context = browser.new_context(
            base_url=site.address,
            viewport={"width": width, "height": height},
            locale="zh-CN",
            has_touch=size == "phone",
        )
        opened.append(context)
        page = context.new_page()
        page.on("console", lambda m: said.append(f"{page.url}: {m.text}") if m.type == "error" else None)
        page.on("pageerror", lambda e: said.append(f"{page.url}: {e}"))
        if account is not None:
            page.goto("/account/sign-in/")
            page.fill("#id_login", account)
            page.fill("#id_password", site.password)
            page.click("main button.btn-primary")
            page.wait_for_url(f"{site.address}/")
        return page

    yield page_of
    for context in opened:
        context.close()
    real = [line for line in said if "status of 404" not in line and "status of 403" not in line]
    assert not real, real


@pytest.fixture(scope="session")
def shots() -> Path:
    """Where screenshots go: ``PANHUO_SHOTS``, or a folder that is not kept."""
    folder = Path(os.environ.get("PANHUO_SHOTS", "")) if os.environ.get("PANHUO_SHOTS") else None
    if folder is None:
        import tempfile

        folder = Path(tempfile.mkdtemp(prefix="panhuo-shots-"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
