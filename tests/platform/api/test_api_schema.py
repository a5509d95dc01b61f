"""The OpenAPI document is true: whatever it allows is answered as it says, and nothing breaks the server."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import hypothesis
import polars as pl
import pytest
import schemathesis
from django.test import Client
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from panhuo_platform.api.document import document

pytestmark = pytest.mark.django_db
#: Requests of each operation.
EXAMPLES = 8
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture
def application(settings: Any) -> Any:
    """The platform as a WSGI application on the test's own connection."""
    from django.core.handlers.wsgi import WSGIHandler
    from django.core.signals import request_finished, request_started
    from django.db import close_old_connections

    settings.API_RATE = 1_000_000
    settings.ALLOWED_HOSTS = ["*"]

    def begin() -> WSGIHandler:
        # Django's own test client connects them again after each of its requests
        request_started.disconnect(close_old_connections)
        request_finished.disconnect(close_old_connections)
        return WSGIHandler()

    yield begin
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


def test_the_document_is_whole() -> None:
    told = json.loads(json.dumps(document()))
    assert told["openapi"].startswith("3.1")
    for path, methods in told["paths"].items():
        for method, operation in methods.items():
            where = f"{method} {path}"
            zh, _gap, en = operation["description"].partition("\n\n")
            assert not zh.isascii(), where
            assert en.strip().isascii(), f"{where} speaks no English"
            assert " / " in operation["summary"], where
            assert {"400", "401", "403", "404", "429"} <= set(operation["responses"]), where
            assert all(p.get("description") or p["in"] == "path" for p in operation.get("parameters", ())), where
    assert len({o["operationId"] for m in told["paths"].values() for o in m.values()}) == sum(
        len(m) for m in told["paths"].values()
    )


def test_whatever_the_document_allows_is_answered_as_it_says(
    application: Any, people: Any, town: pl.DataFrame, token: Callable[..., str], tmp_path: Any, settings: Any
) -> None:
    from panhuo_platform.jobs.commands import start

    settings.MEDIA_ROOT = tmp_path / "attachments"
    job = start("trial.count", actor=people.bureau, arguments={"to": 1})
    secret = token(people.bureau, "read", "deliver", "run")
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    opened = client.post(
        "/api/v1/deliveries", {"title": "x", "sender": "ziran"}, content_type="application/json"
    ).json()
    upload = client.post(
        f"/api/v1/deliveries/{opened['key']}/uploads", {"name": "a.zip", "size": 9}, content_type="application/json"
    ).json()
    known = {
        "collection_id": "parcels", "feature_id": town["number"][0], "number": town["number"][0],
        "upload": upload["key"],
    }  # fmt: skip
    schema = schemathesis.openapi.from_dict(json.loads(json.dumps(document())))
    seen: dict[str, set[int]] = {}
    program = application()

    def ask(operation: Any, keys: dict[str, str]) -> None:
        @hypothesis.given(case=operation.as_strategy(), real=hypothesis.strategies.booleans())
        @hypothesis.settings(
            max_examples=EXAMPLES, deadline=None, database=None, derandomize=True,
            suppress_health_check=list(hypothesis.HealthCheck), phases=[hypothesis.Phase.generate],
        )  # fmt: skip
        def answered(case: Any, real: bool) -> None:
            if real:  # half of them of things that are there
                case.path_parameters = {n: keys.get(n, v) for n, v in (case.path_parameters or {}).items()}
            answer = case.call(app=program, headers={"Authorization": f"Bearer {secret}"})
            seen.setdefault(operation.label, set()).add(answer.status_code)
            case.validate_response(answer, checks=CHECKS)

        answered()

    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.label.startswith("POST") and operation.path.endswith("/receive"):
            continue  # it would read the file that is not whole; its own test does it
        ask(operation, known | {"key": str(job.pk) if "/jobs" in operation.path else opened["key"]})

    assert len(seen) >= 25
    good = {label for label, codes in seen.items() if any(200 <= c < 300 for c in codes)}
    assert {"GET /api/ogc/", "GET /api/v1/parcels", "GET /api/ogc/collections/{collection_id}/items"} <= good
