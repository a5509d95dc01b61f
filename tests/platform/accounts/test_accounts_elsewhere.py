"""Signing in by an identity service: a real one in miniature, asked over HTTP by a served platform."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest


class Service(ThreadingHTTPServer):
    """Knows one person, and hands out a code for whoever asks."""

    person = "guyang"
    asked: list[str]


class Answers(BaseHTTPRequestHandler):
    server: Service

    def log_message(self, *_: Any) -> None:
        pass

    def _json(self, data: dict[str, Any]) -> None:
        body = json.dumps(data).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        here = f"http://127.0.0.1:{self.server.server_port}"
        parts = urllib.parse.urlsplit(self.path)
        self.server.asked.append(parts.path)
        if parts.path == "/.well-known/openid-configuration":
            self._json(
                {
                    "issuer": here, "authorization_endpoint": f"{here}/authorize", "token_endpoint": f"{here}/token",
                    "userinfo_endpoint": f"{here}/userinfo",
                    "token_endpoint_auth_methods_supported": ["client_secret_post"],
                }
            )  # fmt: skip
        elif parts.path == "/authorize":
            given = dict(urllib.parse.parse_qsl(parts.query))
            assert given["code_challenge_method"] == "S256"
            back = urllib.parse.urlencode({"code": "c0de", "state": given["state"]})
            self.send_response(302)
            self.send_header("Location", f"{given['redirect_uri']}?{back}")
            self.end_headers()
        elif parts.path == "/userinfo":
            assert self.headers["Authorization"] == "Bearer t0ken"
            self._json({"sub": f"id-{self.server.person}", "preferred_username": self.server.person})

    def do_POST(self) -> None:
        self.server.asked.append(self.path)
        given = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        assert given["client_secret"] == "s3cret" and given["code"] == "c0de" and given["code_verifier"]
        self._json({"access_token": "t0ken", "token_type": "Bearer", "expires_in": 60})


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    server = Service(("127.0.0.1", 0), Answers)
    server.asked = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


@pytest.fixture(scope="module")
def address(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A platform that knows the service; SQLite in a home of its own."""
    home = tmp_path_factory.mktemp("elsewhere")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    around = {k: v for k, v in os.environ.items() if k not in ("DJANGO_SETTINGS_MODULE", "DATABASE_URL")} | {
        "PANHUO_HOME": str(home),
        "PANHUO_OIDC": f"http://127.0.0.1:{service.server_port}/.well-known/openid-configuration",
        "PANHUO_OIDC_CLIENT": "panhuo",
        "PANHUO_OIDC_SECRET": "s3cret",
        "PANHUO_OIDC_NAME": "一网通办",
    }
    run = [sys.executable, "-m", "panhuo.cli"]
    subprocess.run([*run, "manage", "demo"], env=around, check=True, stdout=subprocess.DEVNULL)
    served = subprocess.Popen([*run, "serve", "--port", str(port), "--no-worker"], env=around)
    here = f"http://127.0.0.1:{port}"
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{here}/health", timeout=2)
            break
        except OSError:
            time.sleep(0.2)
    yield here
    served.terminate()
    served.wait(20)


class Browser:
    """What a browser does: keeps cookies, follows redirects, sends forms."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def get(self, path: str) -> tuple[int, str, str]:
        return self._open(urllib.request.Request(self.address + path))

    def _open(self, request: urllib.request.Request) -> tuple[int, str, str]:
        try:
            with self.opener.open(request, timeout=30) as answer:
                return answer.status, answer.url, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.url, error.read().decode()

    def press(self, name: str) -> tuple[int, str, str]:
        """Press the button of that name on the sign-in page."""
        _status, _url, page = self.get("/account/sign-in/")
        form = next(f for f in re.findall(r"<form.*?</form>", page, re.DOTALL) if name in f)
        action = re.search(r'action="([^"]+)"', form)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
        assert action and token
        body = urllib.parse.urlencode({"csrfmiddlewaretoken": token[1]}).encode()
        where = self.address + action[1].replace("&amp;", "&")
        return self._open(urllib.request.Request(where, body, {"Referer": self.address}))


def test_who_is_known_there_and_has_an_account_here_is_let_in(service: Service, address: str) -> None:
    service.person = "guyang"
    status, url, page = Browser(address).press("一网通办")
    assert (status, url) == (200, f"{address}/")
    assert "鼓阳街道办事处" in page
    assert {"/authorize", "/token", "/userinfo"} <= set(service.asked)
    # the second time the two know each other
    assert Browser(address).press("一网通办")[1] == f"{address}/"


def test_who_has_no_account_here_stays_out(service: Service, address: str) -> None:
    service.person = "nobody"
    visitor = Browser(address)
    status, _url, page = visitor.press("一网通办")
    assert status == 403
    assert "没有对应的账号" in page
    assert "/account/sign-in/" in visitor.get("/")[1]


def test_a_name_that_moved_to_somebody_else_is_not_trusted(service: Service, address: str, tmp_path: Path) -> None:
    service.person = "wanglan"
    assert Browser(address).press("一网通办")[0] == 200
    service.person = "beichang"
    original = Answers._json
    try:
        # the service says that the same person now has another account's name
        Answers._json = lambda self, data: original(self, data | {"sub": "id-wanglan"} if "sub" in data else data)  # type: ignore[method-assign]
        assert Browser(address).press("一网通办")[0] == 403
    finally:
        Answers._json = original  # type: ignore[method-assign]


def test_the_policy_lets_the_form_lead_there(service: Service, address: str) -> None:
    with urllib.request.urlopen(f"{address}/account/sign-in/", timeout=30) as answer:
        policy = answer.headers["Content-Security-Policy"]
    assert f"form-action 'self' http://127.0.0.1:{service.server_port}" in policy
    assert policy.count("http") == 1
