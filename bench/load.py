#!/usr/bin/env python3
"""Many people at a served platform at once: how long each kind of page takes them. Standard library only.

    python bench/load.py http://127.0.0.1:8000 ziran PASSWORD --users 50 --seconds 60 --think 1 \\
        list=/parcels/ filter="/parcels/?outcome=identified" tile=/maps/tiles/parcels/14/13512/6406.mvt

All share one session. Each asks for one of the named addresses after the other, with a pause of ``--think`` seconds on
average in between, and reads every answer to its end. Prints, for each address, how often it was asked for, the median
and the 95th percentile in milliseconds, the size of an answer, and what went wrong.
"""

from __future__ import annotations

import argparse
import http.cookiejar
import random
import re
import statistics
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import defaultdict
from dataclasses import dataclass, field


@dataclass
class Seen:
    """What was seen of one address."""

    times: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    faults: dict[str, int] = field(default_factory=lambda: defaultdict(int))


def sign_in(address: str, account: str, password: str) -> str:
    """The cookie of a session that all users share: wrong-password limits count sign-ins from one place."""
    jar = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    page = browser.open(f"{address}/account/sign-in/").read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token is not None
    given = {"csrfmiddlewaretoken": token[1], "login": account, "password": password}
    body = urllib.parse.urlencode(given).encode()
    landed = browser.open(urllib.request.Request(f"{address}/account/sign-in/", body, {"Referer": address}))
    if "/account/" in landed.url:
        raise SystemExit("The sign-in was refused.")
    return "; ".join(f"{c.name}={c.value}" for c in jar)


def user(
    number: int, address: str, cookie: str, pages: list[tuple[str, str]], until: float, think: float,
    seen: dict[str, Seen], lock: threading.Lock,
) -> None:  # fmt: skip
    chance = random.Random(number)
    time.sleep(chance.random() * think)
    while time.monotonic() < until:
        name, path = chance.choice(pages)
        asked = urllib.request.Request(
            address + path, headers={"Cookie": cookie, "Accept-Encoding": "gzip", "X-Panhuo-Background": "1"}
        )
        began, fault, size = time.perf_counter(), "", 0
        try:
            with urllib.request.urlopen(asked, timeout=60) as answer:
                size = len(answer.read())
        except urllib.error.HTTPError as error:
            fault = str(error.code)
        except OSError as error:
            fault = type(error).__name__
        took = time.perf_counter() - began
        with lock:
            if fault:
                seen[name].faults[fault] += 1
            else:
                seen[name].times.append(took)
                seen[name].sizes.append(size)
        if think:
            time.sleep(chance.expovariate(1 / think))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address")
    parser.add_argument("account")
    parser.add_argument("password")
    parser.add_argument("pages", nargs="+", metavar="name=path")
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--think", type=float, default=1.0)
    given = parser.parse_args()
    pages = [(name, path) for name, _, path in (p.partition("=") for p in given.pages)]
    cookie = sign_in(given.address.rstrip("/"), given.account, given.password)
    seen, lock = {name: Seen() for name, _ in pages}, threading.Lock()
    until = time.monotonic() + given.seconds
    people = [
        threading.Thread(
            target=user, args=(n, given.address.rstrip("/"), cookie, pages, until, given.think, seen, lock), daemon=True
        )
        for n in range(given.users)
    ]
    for one in people:
        one.start()
    for one in people:
        one.join()
    print(f"{given.users} users, {given.think:g} s to think, {given.seconds:g} s")
    print(f"{'':16}{'asked':>8}{'p50 ms':>9}{'p95 ms':>9}{'kB':>8}  faults")
    for name, what in seen.items():
        if len(what.times) < 2:
            print(f"{name:16}{len(what.times):8}{'–':>9}{'–':>9}{'–':>8}  {dict(what.faults) or ''}")
            continue
        p95 = statistics.quantiles(what.times, n=20)[-1]
        size = statistics.median(what.sizes) / 1000
        print(
            f"{name:16}{len(what.times):8}{statistics.median(what.times) * 1000:9.0f}{p95 * 1000:9.0f}{size:8.1f}"
            f"  {dict(what.faults) or ''}"
        )
    if any(what.faults for what in seen.values()):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
