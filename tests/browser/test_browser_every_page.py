"""Every page of every menu: no error on the console, no serious fault for axe, nothing wider than the screen."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browser_site import violations

#: One account of each kind; townships and contractors are looked at on a phone too.
ACCOUNTS = {
    "ziran": ("desk", "wide"),
    "guyang": ("desk", "phone"),
    "shuiwu": ("desk", "phone"),
    "shiju": ("desk",),
    "xitong": ("desk",),
    "anquan": ("desk",),
    "shenji": ("desk",),
}


@pytest.mark.parametrize(("account", "size"), [(a, s) for a, sizes in ACCOUNTS.items() for s in sizes])
def test_every_page_of_the_menu(sign_in: Callable[..., Any], shots: Path, account: str, size: str) -> None:
    page = sign_in(account, size)
    links = page.eval_on_selector_all(".ph-side .nav-link", "all => all.map(a => a.getAttribute('href'))")
    assert "/" in links
    faults = []
    for href in dict.fromkeys([*links, "/account/"]):
        page.goto(href)
        page.wait_for_load_state("networkidle")
        name = href.strip("/").replace("/", "-") or "home"
        page.screenshot(path=shots / f"{account}-{size}-{name}.png", full_page=size == "phone")
        faults += [f"{href}: {fault}" for fault in violations(page)]
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 1:
            faults.append(f"{href}: {wide} px wider than the screen")
    assert not faults, "\n".join(faults)


_KEYS = re.compile(r"(?<=/accounts/)[a-z]+|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{64}|\d+P\d+|\d+")
#: What is fetched and not shown, what ends the session, what has its own tests.
_NO_PAGES = re.compile(r"/file|workbook|/papers/|xlsx|print|export|sign-out|/static/|/api/|language")


def kind_of(address: str) -> str:
    """Addresses of one kind of page: the same but for keys and numbers."""
    return _KEYS.sub("#", re.split("[?#]", address)[0])


@pytest.mark.parametrize(
    ("account", "size", "least"), [("ziran", "desk", 40), ("guyang", "phone", 25), ("anquan", "desk", 10)]
)
def test_every_kind_of_page_that_links_lead_to(
    sign_in: Callable[..., Any], shots: Path, account: str, size: str, least: int
) -> None:
    """From page to page by their own links: one of each kind is opened and held to the same."""
    page = sign_in(account, size)
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(f"script: {error}"))
    waiting, seen, faults = ["/"], set[str](), []
    while waiting:
        address = waiting.pop(0)
        if kind_of(address) in seen:
            continue
        seen.add(kind_of(address))
        answer = page.goto(address)
        page.wait_for_load_state("networkidle")
        page.screenshot(path=shots / f"{account}-{size}-link-{len(seen)}.png")
        found = [*violations(page), *broken]
        if answer.status >= 400:
            found.append(f"status {answer.status}")
        if page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") > 1:
            found.append("wider than the screen")
        faults += [f"{address}: {fault}" for fault in found]
        broken.clear()
        links = page.eval_on_selector_all("a[href]", "all => all.map(a => a.getAttribute('href'))")
        waiting += [href for href in links if href.startswith("/") and not _NO_PAGES.search(href)]
    assert not faults, "\n".join(faults)
    assert len(seen) >= least, sorted(seen)


@pytest.mark.parametrize("size", ["desk", "phone"])
def test_the_sign_in(sign_in: Callable[..., Any], shots: Path, size: str) -> None:
    page = sign_in(None, size)
    page.goto("/")
    assert "/account/sign-in/" in page.url
    page.screenshot(path=shots / f"sign-in-{size}.png")
    assert not violations(page)
    page.fill("#id_login", "ziran")
    page.fill("#id_password", "wrong")
    page.click("main button.btn-primary")
    assert page.locator("[role=alert]").inner_text()
    assert not violations(page)


def test_english(sign_in: Callable[..., Any], shots: Path) -> None:
    page = sign_in("ziran")
    page.click("button[value=en]")
    page.wait_for_load_state("networkidle")
    assert page.locator("h1").inner_text() == "Workbench"
    assert page.locator("html").get_attribute("lang") == "en"
    page.screenshot(path=shots / "english.png")
