"""What people and programs read of the platform, to be held against what they read later."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable
from typing import Any

from django.core.cache import caches
from django.test import Client

from panhuo_platform.api.commands import create_token
from panhuo_platform.organisations.models import User

#: What differs from one answer to the next and says nothing: tokens of forms and scripts.
_QUOTE = rb'(?:"|&quot;|\\u0022)'
_TOKENS = re.compile(
    rb'(csrfmiddlewaretoken" value="|X-CSRFToken' + _QUOTE + rb": ?" + _QUOTE + rb'|nonce[=-]"?)[A-Za-z0-9+/_=-]+'
)


class Reader:
    """Pages, tiles and answers to programs, as a user gets them. Nothing that the process remembers is taken."""

    def __init__(self, user: Any) -> None:
        User.objects.filter(pk=user.pk).update(must_change_password=False)
        self.person = Client()
        self.person.force_login(User.objects.get(pk=user.pk))
        _row, secret = create_token(User.objects.get(pk=user.pk), name="程序", scopes=("read",), days=30)
        self.program = Client(headers={"Authorization": f"Bearer {secret}"})

    def get(self, address: str) -> bytes:
        """What stands at an address."""
        client = self.program if address.startswith("/api/") else self.person
        answer = client.get(address)
        assert answer.status_code in (200, 204, 404), (address, answer.status_code, answer.content[:500])
        content: bytes = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[arg-type]
        if answer.headers.get("Content-Encoding") == "gzip":
            content = gzip.decompress(content)
        return _TOKENS.sub(rb"\1", content)

    def told(self, address: str) -> str:
        return self.get(address).decode()

    def all(self, addresses: Iterable[str]) -> dict[str, bytes]:
        """What stands at each."""
        caches["process"].clear()
        return {address: self.get(address) for address in addresses}
