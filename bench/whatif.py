#!/usr/bin/env python3
"""Somebody moves a threshold of the what-if, again and again: how long until the table and the map have answered.

    python bench/whatif.py http://127.0.0.1:8000 ziran PASSWORD RUN "standard.conditions.sparse:lt=0.1,0.9" \\
        [--moves 30] [--zoom 9] [--window W,S,E,N]

RUN is the run's number. Each move asks as the page does: the table first, the map as soon as that is there. The first
answers of a process, which read the run into memory, are told apart. Standard library only.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
import urllib.parse
import urllib.request

from load import sign_in


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("address", "account", "password", "run", "setting"):
        parser.add_argument(name)
    parser.add_argument("--moves", type=int, default=30)
    parser.add_argument("--zoom", default="9")
    parser.add_argument("--window", default="")
    given = parser.parse_args()
    name, _, span = given.setting.partition("=")
    low, high = map(float, span.split(","))
    cookie = sign_in(given.address.rstrip("/"), given.account, given.password)

    def ask(path: str, **query: str) -> tuple[float, bytes]:
        address = f"{given.address.rstrip('/')}{path}?{urllib.parse.urlencode(query)}"
        began = time.perf_counter()
        with urllib.request.urlopen(urllib.request.Request(address, headers={"Cookie": cookie})) as answer:
            return time.perf_counter() - began, answer.read()

    shown = {"zoom": given.zoom} | ({"window": given.window} if given.window else {})
    times: list[tuple[float, float]] = []
    for move in range(given.moves + 1):
        moved = {name: str(low + (high - low) * move / given.moves)}
        table, _page = ask(f"/identification/what-if/{given.run}/", **moved)
        drawn, told = ask(f"/maps/changes/runs/{given.run}", **moved, **shown)
        times.append((table, drawn))
    print(f"first          table {times[0][0] * 1000:6.0f} ms   map {times[0][1] * 1000:6.0f} ms")
    for label, column in (
        ("table", [t for t, _drawn in times[1:]]),
        ("map", [d for _table, d in times[1:]]),
        ("both", [sum(t) for t in times[1:]]),
    ):
        p95 = statistics.quantiles(column, n=20)[-1]
        print(f"{label:14} p50 {statistics.median(column) * 1000:6.0f} ms   p95 {p95 * 1000:6.0f} ms")
    last = json.loads(told)
    size = len(told) // 1000
    print(f"at the last: {last['n']} turn, {len(last['cells'])} cells, {len(last['parcels'])} parcels, {size} kB")


if __name__ == "__main__":
    main()
