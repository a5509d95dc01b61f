"""A township sees nothing of another's by page, tile, interface, export, search or an id that it guesses.

Every row of the other township bears a mark. Every address of the platform is asked with the other's ids, as a program
and as a person; every answer is unpacked and read. The same walk by the other township itself finds the mark, so that
the test can fail; and an address whose parts have no values here fails it too.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import polars as pl
import pytest
import shapely
from addresses import every_address
from district_scene import district_of
from django.core.cache import cache, caches
from django.db import transaction
from django.test import Client, TestCase
from django.test.utils import override_settings
from django.utils import timezone
from identification_scene import make_scene
from maps_reading import address as tile_address
from maps_reading import layers_of
from townships_scene import MARK, OURS, THEIR_UNIT, THEIRS, Builder, Townships, box

from panhuo_platform.api.commands import create_token
from panhuo_platform.config.transfer import plain, tables
from panhuo_platform.deliveries import commands as deliveries
from panhuo_platform.identification.models import (
    Run,
    Shown,
    StandardVersion,
    Submission,
    SubmissionItem,
    Trial,
    Verdict,
)
from panhuo_platform.jobs.commands import start
from panhuo_platform.jobs.models import Job
from panhuo_platform.jobs.worker import run_waiting
from panhuo_platform.organisations.models import Organisation, User
from panhuo_platform.parcels import commands as parcels
from panhuo_platform.parcels import exporting
from panhuo_platform.parcels.commands.exports import EXPORT
from panhuo_platform.parcels.models import Change, LegacyParcel, Parcel
from panhuo_platform.parcels.writing import begin, put

ROOT = Path(__file__).resolve().parents[3]
#: No id of theirs may be guessed: these and their neighbours are tried for every whole number in an address.
GUESSES = 12
Values = Callable[[Townships], Collection[Any]]


@dataclass(frozen=True)
class Known:
    """What a part of an address is tried with; ``theirs`` are those values that name something of theirs."""

    values: Values
    theirs: Values = lambda scene: []


def held(name: str) -> Known:
    """Keys that nobody guesses, theirs and one's own."""
    return Known(lambda scene: scene.keys[name] + scene.own[name], lambda scene: scene.keys[name])


def these(*values: Any) -> Known:
    return Known(lambda scene: list(values))


def rows_of(model: Any, field: str = "pk") -> Known:
    """Of what belongs to no township: all there are, and one that is not."""
    return Known(lambda scene: [*model.objects.values_list(field, flat=True), *([99] if field == "pk" else [])])


def near(name: str) -> Known:
    """Their ids, and what somebody would guess: small numbers."""
    return Known(lambda scene: [*range(1, GUESSES), *scene.keys[name]], lambda scene: scene.keys[name])


def numbers(scene: Townships) -> list[str]:
    """Permanent numbers of parcels: one guesses theirs out of one's own."""
    theirs, own = scene.keys["number"], scene.own["number"]
    return [*theirs[:2], *scene.keys["overridden"], theirs[-1], own[0], own[-1]]


def cards(scene: Townships) -> list[str]:
    """Of every parcel among those numbers the first and the last that somebody had before their eyes."""
    shown = Shown.objects.order_by("steps__pk")
    each = [list(shown.filter(steps__parcel__number=n).values_list("pk", flat=True)) for n in numbers(scene)]
    return list(dict.fromkeys(key for keys in each for key in keys[:1] + keys[-1:]))


def features(scene: Townships) -> list[str]:
    """Names of single features: parcels, their versions, legacy land, rows of overlays."""
    legacy = LegacyParcel.objects.filter(township_code=THEIRS).values_list("number", flat=True)
    rows = [f"{key}.{row}" for key in scene.keys["overlay"] for row in (1, 2)]
    return [*numbers(scene)[1:3], f"{numbers(scene)[0]}.1", *legacy[:1], *rows, scene.own["number"][0]]


def places(scene: Townships) -> list[tuple[int, int, int]]:
    """Tiles that their ground lies in, from the whole locality to one parcel."""
    theirs = Parcel.objects.filter(township_code=THEIRS, current__geometry__isnull=False).order_by("number")
    spots = [shapely.from_wkb(bytes(p.current.geometry.wkb)).centroid for p in theirs[:2]]  # type: ignore[union-attr]
    spots += [box(THEIRS, k).centroid for k in (10, 20)]
    found = []
    for zoom in (8, 14, 18):
        for spot in spots if zoom > 8 else spots[:1]:
            found.append(tuple(int(n) for n in tile_address(zoom, lon=spot.x, lat=spot.y)[:-4].split("/")[-3:]))
    return found  # type: ignore[return-value]


UPLOAD = Known(lambda s: [s.keys["upload"][-1], s.own["upload"][-1]], lambda s: s.keys["upload"])
PARCEL = Known(numbers, lambda scene: scene.keys["number"])
#: Beginning of a route -> part of it -> what it is tried with. A part without values fails the walk.
PARTS: dict[str, dict[str, Known]] = {
    "account/elsewhere/": {"provider_id": these("none")},
    "administration/accounts/": {"username": Known(lambda s: ["yi", "jia", "xitong"], lambda s: ["yi"])},
    "administration/assignments/": {"number": these(*range(1, GUESSES))},
    "jobs/": {"key": held("job")},
    "deliveries/requests/": {"pk": near("request")},
    "deliveries/": {"key": held("delivery"), "upload": UPLOAD, "number": these(1), "row": these(2, 7)},
    "parcels/exports/": {"key": held("job")},
    "parcels/legacy/seal/": {"key": near("seal")},
    "parcels/issues/": {"key": near("issue")},
    "parcels/snapshots/": {"key": near("snapshot")},
    "parcels/deliveries/": {"key": held("delivery")},
    "parcels/parcel/": {"number": PARCEL},
    "identification/work/steps/": {"step": these("survey", "propose", "identify", "remove", "return", "again")},
    "identification/work/pending/": {"pk": near("pending")},
    "identification/work/objections/": {"pk": near("objection")},
    "identification/parcels/": {
        "number": PARCEL, "step": these("survey", "propose", "again", "return"),
        "sha256": Known(cards, lambda s: set(s.keys["sha256"]) - set(s.own["sha256"])),
    },
    "identification/standards/": {
        "pk": rows_of(StandardVersion), "trial": rows_of(Trial), "what": these("try", "approve", "withdraw", "end"),
    },
    "identification/runs/": {
        "pk": rows_of(Run), "name": Known(lambda scene: [p.name for p in Run.objects.get().results.iterdir()]),
    },
    "identification/what-if/": {"pk": rows_of(Run)},
    "identification/submissions/": {"key": held("submission")},
    "maps/parcels/": {"key": near("parcel")},
    "maps/changes/": {"run": rows_of(Run), "trial": rows_of(Trial)},
    "maps/shapes/": {"number": PARCEL},
    "maps/tiles/": {
        "layer": these("parcels", "townships", "legacy", "overlay-control_lines"), "zoom,column,row": Known(places),
    },
    "maps/basemap/": {"number": these(0), "zoom": these(1), "column": these(0), "row": these(0)},
    "api/tokens/": {"token": near("token")},
    "api/v1/parcels/": {"number": PARCEL},
    "api/v1/deliveries/": {"key": held("delivery"), "upload": UPLOAD},
    "api/v1/runs/": {"key": rows_of(Run, "key")},
    "api/v1/verdicts/": {"number": PARCEL},
    "api/v1/jobs/": {"key": held("job")},
    "api/ogc/collections/": {
        "collection_id": these("parcels", "identified", "legacy", "townships", "overlay-control_lines"),
        "feature_id": Known(features, lambda scene: set(features(scene)) - set(scene.own["number"])),
    },
}  # fmt: skip
_PART = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(frozen=True)
class Address:
    """One address of a route; ``theirs`` where it names something of theirs."""

    route: str
    path: str
    theirs: bool


def addresses_of(route: str, scene: Townships) -> Iterator[Address]:
    """Every address of a route with the values that are tried. Fails for a part that has none."""
    names = _PART.findall(route)
    known = PARTS.get(max((b for b in PARTS if route.startswith(b)), key=len, default=""), {})
    choices: list[list[tuple[dict[str, Any], bool]]] = []
    for group, one in known.items():
        if "," in group and set(group.split(",")) <= set(names):
            choices.append([(dict(zip(group.split(","), v, strict=True)), False) for v in one.values(scene)])
            names = [n for n in names if n not in group.split(",")]
    for name in names:
        if name not in known:
            pytest.fail(f"the address {route!r} has a part {name!r} for which this walk knows no values: add them")
        theirs = set(known[name].theirs(scene))
        choices.append([({name: v}, v in theirs) for v in dict.fromkeys(known[name].values(scene))])
    for chosen in product(*choices):
        parts = {name: value for one, _theirs in chosen for name, value in one.items()}
        path = "/" + _PART.sub(lambda m, parts=parts: quote(str(parts[m[1]]), safe=""), route)  # type: ignore[misc]
        yield Address(route, path, any(theirs for _one, theirs in chosen))


def asked_of(scene: Townships) -> dict[str, list[dict[str, str]]]:
    """What is asked behind ``?``, by how a route begins: everything by which theirs could be asked for."""
    theirs = Parcel.objects.get(number=scene.keys["number"][0])
    assert theirs.current is not None and theirs.current.geometry is not None
    at = shapely.from_wkb(bytes(theirs.current.geometry.wkb)).buffer(0.001).bounds
    bbox = ",".join(map(str, at))
    ring = ";".join(f"{x},{y}" for x, y in shapely.box(*at).exterior.coords)
    past, today = "2025-06-01", timezone.localdate().isoformat()
    # a little less than the mark, a code, a number: what only repeats the question does not hold them
    text, code, number = MARK[:2], theirs.code[:-1], theirs.number[:-1]
    filters = [
        {}, {"q": text}, {"q": code}, {"q": number}, {"township": THEIRS}, {"township": THEIRS[:6]}, {"box": bbox},
        {"polygon": ring}, {"day": past}, {"day": today, "q": text}, {"upper": "1"}, {"outcome": "identified"},
    ]  # fmt: skip
    items = [
        {}, {"bbox": bbox}, {"datetime": past}, {"datetime": "../.."}, {"bbox": bbox, "datetime": "../.."},
        {"township_code": THEIRS}, {"limit": "1"}, {"after": number}, {"f": "html"}, {"code": THEIRS},
    ]  # fmt: skip
    moved = {"standard.conditions.sparse:lt": "0.9", "standard.conditions.vacant:ge": "0.1"}
    lines = ",".join(map(str, box(THEIRS, 10, 12).bounds))
    return {  # a key that ends with < stands for every route that goes on with a part
        "parcels/": filters, "parcels/low-efficiency": filters[:6], "maps/": filters[:3], "maps/figures": filters,
        "maps/search": [{"q": q} for q in (text, code, number, THEIRS, "望澜")],
        "maps/shapes/<": [{}, {"day": past}],
        "maps/print": [
            {"window": bbox, "layers": "townships,legacy,overlay-control_lines", "colour": "class", "title": "x"},
            {"window": lines, "layers": "legacy,overlay-control_lines"},
        ],
        "parcels/legacy": [{}, {"q": text}, {"township": THEIRS}],
        "parcels/issues": [{}, {"q": text}, {"township": THEIRS}, {"state": "answered"}],
        "parcels/deliveries/<uuid:key>": [{}, {"kind": "conflict"}, {"kind": "new"}],
        "parcels/parcel/<str:number>": [{}, {"day": past}], "api/v1/parcels/<number>": [{}, {"day": past}],
        "api/v1/parcels": [*filters, {"after": number}], "api/v1/deliveries": [{}, {"township": THEIRS}],
        "deliveries/": [{}, {"q": text}, {"town": THEIRS}, {"q": "望澜"}],
        "identification/work/steps/<": [{}, {"q": text}, {"township": THEIRS}],
        "identification/work/confirmations/": filters[:6], "identification/submissions/new/": filters[:6],
        "identification/what-if/<": [{}, moved],
        "maps/changes/<": [{}, {"zoom": "16", **moved}, {"zoom": "16", "window": bbox}],
        "api/ogc/collections/<collection_id>/items": items, "jobs/": [{}, {"state": "failed"}],
    }  # fmt: skip


def marks(scene: Townships) -> dict[str, list[bytes]]:
    """What of theirs an answer may not hold, in every way of writing it."""
    escaped = json.dumps(MARK)[1:-1]
    words = [MARK.encode(), escaped.encode(), quote(MARK).encode(), MARK.encode("gbk"), MARK.encode("utf-16-le")]
    # the one code of theirs that was delivered as if it were ours is our own word
    ids = [*(c for c in scene.keys["code"] if c not in scene.own["said"]), *scene.keys["number"]]
    for name in ("sha256", "delivery", "upload", "job", "submission"):
        ids += [str(key) for key in scene.keys[name] if key not in scene.own[name]]
    return {"a text": words, "an id": [i.encode() for i in dict.fromkeys(ids)]}


def unpacked(data: bytes, depth: int = 0) -> Iterator[bytes]:
    """The bytes, and those of everything packed in them: gzip, zip (xlsx, shp, gdb), PDF, GeoPackage."""
    yield data
    if data[:2] == b"\x1f\x8b":
        yield from unpacked(gzip.decompress(data), depth + 1)
    elif data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(data)) as z:
            for name in z.namelist():
                yield name.encode()
                yield from unpacked(z.read(name), depth + 1)
    elif data[:4] == b"%PDF":
        for stream in re.findall(rb"stream\r?\n(.*?)endstream", data, re.DOTALL):
            with contextlib.suppress(zlib.error):
                yield zlib.decompress(stream)


def body_of(answer: Any) -> bytes:
    if getattr(answer, "read_before", None) is None:
        answer.read_before = b"".join(answer.streaming_content) if answer.streaming else answer.content
    content: bytes = answer.read_before
    return content


def found_in(answer: Any, looked_for: dict[str, list[bytes]], asked: str = "") -> str:
    """What of theirs stands in an answer; an id that the question itself named does not count."""
    said = unquote(asked).encode()
    told = "\n".join(f"{k}: {v}" for k, v in answer.headers.items()).encode()
    for content in (told, *unpacked(body_of(answer))):
        for kind, those in looked_for.items():
            for one in those:
                if one in content and one not in said:
                    at = content.find(one)
                    around = content[max(0, at - 150) : at + 100].decode(errors="replace")
                    return f"{kind} {one.decode(errors='replace')!r}: …{around}…"
    return ""


class Caller:
    """Somebody of a township: pages with a session, interfaces with a token, as programs do."""

    def __init__(self, user: Any, *, program: bool = True) -> None:
        self.user = User.objects.get(pk=user.pk)
        self.person, self.machine = Client(raise_request_exception=True), Client()
        self.person.force_login(self.user)
        if program:
            secret = create_token(self.user, name="走查", scopes=("read", "deliver", "run"), days=1)[1]
            self.machine = Client(headers={"Authorization": f"Bearer {secret}"})
        else:
            self.machine = self.person

    def ask(self, method: str, path: str, body: Any = None, query: dict[str, str] | None = None) -> Any:
        if method == "GET":
            client = self.machine if path.startswith(("/api/v1/", "/api/ogc/")) else self.person
            return client.get(path, query or {})
        if path.startswith(("/api/v1/", "/api/ogc/")):
            return self.machine.generic(method, path, json.dumps(body), content_type="application/json")
        if method == "POST":
            return self.person.post(path, body)
        return self.person.generic(method, path)


def questions_of(route: str, questions: dict[str, list[dict[str, str]]]) -> list[dict[str, str]]:
    return next((q for b, q in questions.items() if route == b or (b.endswith("<") and route.startswith(b))), [{}])


def walk(caller: Caller, scene: Townships, only: tuple[str, ...] = ("",)) -> Iterator[tuple[Address, str, Any]]:
    """Every address asked with every question: the address, what was asked, the answer."""
    questions = asked_of(scene)
    for route in dict.fromkeys(r for r, _view in every_address()):
        if not route.startswith(only) or route == "account/sign-out/":
            continue
        mine = questions_of(route, questions)
        for address in addresses_of(route, scene):
            for query in mine:
                answer = caller.ask("GET", address.path, query=query)
                yield address, f"{address.path}?{urlencode(query)}", answer


def told(failures: list[str]) -> str:
    return f"{len(failures)} answers:\n" + "\n".join(failures[:25])


#: Where the other township finds its own rows: if it did not, the walk would prove nothing.
REVEALING = {
    "", "api/ogc/collections/<collection_id>/items", "api/ogc/collections/<collection_id>/items/<feature_id>",
    "api/v1/deliveries", "api/v1/deliveries/<uuidstr:key>",
    "api/v1/deliveries/<uuidstr:key>/uploads/<uuidstr:upload>", "api/v1/parcels", "api/v1/parcels/<number>",
    "api/v1/runs/<uuidstr:key>/verdicts", "api/v1/verdicts/<number>", "deliveries/", "deliveries/<uuid:key>/",
    "deliveries/<uuid:key>/findings.xlsx", "deliveries/<uuid:key>/findings/",
    "deliveries/<uuid:key>/layers/<int:number>/", "deliveries/<uuid:key>/layers/<int:number>/bad-rows.xlsx",
    "deliveries/<uuid:key>/layers/<int:number>/rows/<int:row>/", "deliveries/<uuid:key>/upload/",
    "deliveries/requests/", "identification/parcels/<str:number>/", "identification/parcels/<str:number>/card/",
    "identification/parcels/<str:number>/objection/", "identification/parcels/<str:number>/shown/<str:sha256>/",
    "identification/submissions/", "identification/submissions/<uuid:key>/", "identification/work/",
    "identification/work/steps/<str:step>/", "maps/parcels/<int:key>", "maps/search", "maps/shapes/<str:number>",
    "maps/tiles/<str:layer>/<int:zoom>/<int:column>/<int:row>.mvt", "parcels/", "parcels/deliveries/<uuid:key>",
    "parcels/issues", "parcels/issues/<int:key>", "parcels/legacy", "parcels/low-efficiency",
    "parcels/parcel/<str:number>", "parcels/parcel/<str:number>/merge", "parcels/parcel/<str:number>/reshape",
    "parcels/parcel/<str:number>/split", "parcels/parcel/<str:number>/issue", "parcels/snapshots",
    "identification/returned/", "identification/returned/file/",
}  # fmt: skip
#: What is each user's own, found by the one who did it all.
PERSONAL = {
    "api/tokens/", "api/v1/jobs", "api/v1/jobs/<uuidstr:key>", "jobs/", "jobs/<uuid:key>/",
    "parcels/exports/<uuid:key>", "parcels/exports/<uuid:key>/file",
}  # fmt: skip
#: Forms at addresses that name nothing of theirs, but may be filled with it.
SHARED_FORMS = {
    "identification/work/steps/<str:step>/", "identification/standards/<int:pk>/values/",
    "identification/standards/<int:pk>/workbook/", "identification/standards/<int:pk>/<str:what>/",
}  # fmt: skip
#: What asking leaves behind: the audit of refusals and exports, and when somebody was there the last time.
TRACES = {"audit_auditevent", "audit_chainhead", "api_apitoken", "organisations_user"}
Contents = dict[str, dict[Any, str]]


def contents() -> Contents:
    """Every row that is kept, by table and key."""
    found: Contents = {}
    for model in tables():
        names = [f.attname for f in model._meta.concrete_fields]
        rows = model._base_manager.values_list("pk", *names)
        found[model._meta.db_table] = {pk: json.dumps(row, default=plain) for pk, *row in rows}
    return found


def changes(before: Contents, after: Contents) -> list[str]:
    """Rows that are new, gone or different, but for the traces of asking."""
    return [
        f"{table} {pk}: {rows.get(pk)} -> {after[table].get(pk)}"[:500]
        for table, rows in before.items() if table not in TRACES
        for pk in rows.keys() | after[table].keys() if rows.get(pk) != after[table].get(pk)
    ]  # fmt: skip


def lasting(text: str) -> str:
    """An answer without what changes with every request, numbers rounded as sums in another order differ."""
    if text.startswith(("{", "[")):
        found = json.loads(text, parse_float=lambda number: float(f"{float(number):.9g}"))
        return json.dumps(found | {"timeStamp": ""} if isinstance(found, dict) else found, sort_keys=True)
    return re.sub(r'(csrfmiddlewaretoken" value=|"X-CSRFToken": )"[^"]+"', "", text)


def where_different(one: str, other: str) -> str:
    at = next((k for k, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return f"…{one[max(0, at - 120) : at + 60]}… became …{other[max(0, at - 20) : at + 60]}…"


@override_settings(API_RATE=1_000_000)
class TestTownships(TestCase):
    """The scene is made once; what a test does to it is taken back after it."""

    scene: Townships
    builder: Builder

    @classmethod
    def setUpTestData(cls) -> None:
        folder = Path(tempfile.mkdtemp(prefix="panhuo-townships-"))
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        settings = override_settings(MEDIA_ROOT=folder / "home", HOME=folder / "home")
        settings.enable()
        cls.addClassCleanup(settings.disable)
        caches["process"].clear()
        (folder / "scene").mkdir()
        cls.builder = Builder(district_of(ROOT / "packs"), make_scene(folder / "scene"), folder, run_waiting)
        cls.scene = cls.builder.build()

    def setUp(self) -> None:
        cache.clear()

    def test_no_answer_to_a_township_holds_or_hangs_on_anything_of_another(self) -> None:
        """No page, tile, list, figure or file holds a mark; and none changes when the other gets more of everything."""
        caller, looked_for = Caller(self.scene.ours), marks(self.scene)
        caller.ask("GET", "/api/v1/jobs")  # the token's page says when it was used the last time
        failures: list[str] = []
        before: dict[tuple[str, str], str] = {}
        for address, question, answer in walk(caller, self.scene):
            if answer.status_code >= 500 or answer.status_code == 429:
                failures.append(f"{question} answers {answer.status_code}")
            if address.theirs and answer.status_code not in (403, 404, 405):
                failures.append(f"{question} answers {answer.status_code}")
            if there := found_in(answer, looked_for, question):
                failures.append(f"{question} shows {there}")
            kind = answer.headers.get("Content-Type", "")
            if answer.status_code == 200 and ("json" in kind or kind.startswith("text/html")):
                before[address.path, question] = lasting(body_of(answer).decode())
        assert not failures, told(failures)
        assert len(before) > 100
        self._more_of_theirs()
        caches["process"].clear()
        cache.clear()
        for (path, question), text in before.items():
            now = lasting(body_of(caller.ask("GET", path, query=dict(parse_qsl(urlsplit(question).query)))).decode())
            if now != text:
                failures.append(f"{question}: {where_different(text, now)}")
        assert not failures, told(failures)
        runs = body_of(Caller(self.scene.office).ask("GET", "/identification/runs/")).decode()
        assert "7,777" in runs, "whoever sees everything sees the change"

    def test_the_same_walk_by_the_other_township_finds_its_own(self) -> None:
        """The control: whoever may see the rows finds the mark wherever there are rows to be seen."""
        looked_for, questions = marks(self.scene), asked_of(self.scene)
        for user, expected in ((self.scene.colleague, REVEALING), (self.scene.theirs, PERSONAL)):
            caller = Caller(user)
            seen = {
                route for route in expected
                if any(
                    found_in(caller.ask("GET", a.path, query=query), looked_for, a.path)
                    for a in addresses_of(route, self.scene) for query in questions_of(route, questions)
                )
            }  # fmt: skip
            assert seen == expected, f"these show nothing of one's own either: {sorted(expected - seen)}"

    def test_an_address_that_the_walk_does_not_know_fails_it(self) -> None:
        for route in ("parcels/<int:elsewhere>", "anew/<str:number>"):
            with pytest.raises(pytest.fail.Exception, match="knows no values"):
                list(addresses_of(route, self.scene))

    def test_writing_to_what_is_anothers_changes_nothing(self) -> None:
        """Every address is written to with the other's ids, and every form sent with the other's rows in it."""
        caller, looked_for = Caller(self.scene.ours), marks(self.scene)
        form, body = self._form(), self._bodies()
        failures: list[str] = []
        before = contents()
        for route in dict.fromkeys(r for r, _view in every_address()):
            if "<" not in route and route.startswith(("account/", "language/", "health")):
                continue
            for address in addresses_of(route, self.scene):
                if "<" in route and not address.theirs and route not in SHARED_FORMS:
                    continue  # one's own, which one may change
                program = route.startswith(("api/v1/", "api/ogc/"))
                path = address.path if program else f"{address.path}?township={THEIRS}"
                for method in ("POST", "PUT", "DELETE", "PATCH") if program else ("POST",):
                    path = f"{address.path}?offset=700" if method == "PUT" else path.partition("?offset")[0]
                    answer = caller.ask(method, path, body.get(route, form))
                    if answer.status_code >= 500 or (address.theirs and answer.status_code not in (403, 404, 405)):
                        failures.append(f"{method} {path} answers {answer.status_code}")
                    if there := found_in(answer, looked_for, path):
                        failures.append(f"{method} {path} shows {there}")
        assert not failures, told(failures)
        assert not (different := changes(before, contents())), told(different)

    def _form(self) -> dict[str, Any]:
        """Fields of every form, as somebody would fill them who wants the other's rows to be touched."""
        code = self.scene.own["said"][0]
        unit = Organisation.objects.get(code=THEIR_UNIT)
        west, south, east, north = box(THEIRS, 0).bounds
        line = {"type": "LineString", "coordinates": [[west, south], [east, north]]}
        return {
            "scope": "all", "parcel": self.scene.keys["parcel"], "township": THEIRS, "region_code": THEIRS,
            "sender": unit.pk, "unit": unit.pk, "title": "走查", "reason": "走查", "answer": "走查", "text": "走查",
            "by": "走查", "note": "走查", "number": "1", "numbers": f"{code} 1", "day": "2026-01-01",
            "on": "2026-01-01", "due": "2027-01-01", "role": "legacy", "others": code, "codes": code, "code": code,
            "shape": json.dumps(line), "upheld": "1", "agreed": "1", "act": "withdraw", "document": "走查",
            "layer": "1", "name": "a.zip", "size": "10", "format": "gpkg", "outcome": "not",
            "request": self.scene.keys["request"][0], "holder_name": "走查", "repair": ["1", "2", "3"],
        }  # fmt: skip

    def _bodies(self) -> dict[str, dict[str, Any]]:
        """What programs send, by route."""
        sent = {"title": "走查", "sender": THEIR_UNIT, "township_code": THEIRS}
        return {
            "api/v1/deliveries": sent, "api/v1/runs": {"title": "走查", "within": THEIRS},
            "api/v1/deliveries/<uuidstr:key>/uploads": {"name": "a.zip", "size": 10},
        }  # fmt: skip

    def test_what_is_taken_out_holds_only_ones_own(self) -> None:
        """Every format, asked for everything and for the other's alone, at once and as a job; files are read back."""
        looked_for = marks(self.scene)
        ours, theirs = Caller(self.scene.ours), Caller(self.scene.colleague)
        for kind in exporting.FORMATS:
            for query in ("", f"?township={THEIRS}", f"?q={quote(MARK[:2])}", "?day=2025-06-01"):
                answer = ours.ask("POST", f"/parcels/export{query}", {"format": kind})
                if answer.status_code == 302:  # nothing to write, which is said
                    assert query.startswith(("?township", "?q")), (kind, query)
                    continue
                assert answer.status_code == 200, (kind, query, answer.status_code)
                assert not (there := found_in(answer, looked_for)), (kind, query, there)
                if query in ("", "?day=2025-06-01"):
                    assert found_in(answer, {"our own": [self.scene.own["code"][0].encode()]}), (kind, query)
            answer = theirs.ask("POST", "/parcels/export", {"format": kind})
            assert found_in(answer, {"an id": looked_for["an id"]}), f"{kind}: the other finds nothing of its own"
        job = start(EXPORT, actor=self.scene.ours, arguments={"query": {"township": "99"}, "kind": "gpkg"})
        assert [j.state for j in run_waiting() if j.pk == job.pk] == ["done"]
        answer = ours.ask("GET", f"/parcels/exports/{job.pk}/file")
        assert answer.status_code == 200 and not found_in(answer, looked_for)
        assert theirs.ask("GET", f"/parcels/exports/{job.pk}/file").status_code == 404

    def test_tiles_hold_only_ones_own(self) -> None:
        """Read by GDAL: the parcels drawn on the other's ground, and the sums of the cells from afar."""
        folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        drawn: dict[str, set[int]] = {OURS: set(), THEIRS: set()}
        for town, user in ((OURS, self.scene.ours), (THEIRS, self.scene.colleague)):
            caller = Caller(user)
            for zoom, column, row in places(self.scene):
                answer = caller.ask("GET", f"/maps/tiles/parcels/{zoom}/{column}/{row}.mvt")
                if answer.status_code == 204:
                    continue
                layers = layers_of(answer, folder)
                drawn[town] |= {f["mvt_id"] for f in layers.get("parcels", ())}
                if zoom == 8:
                    alive = Parcel.objects.filter(township_code=town, status="alive").count()
                    assert sum(f["n"] for f in layers["cells"]) == alive
        assert not drawn[OURS] & set(self.scene.keys["parcel"])
        assert drawn[THEIRS] & set(self.scene.keys["parcel"])

    def _more_of_theirs(self) -> None:
        scene, office, unit = self.scene, self.scene.office, Organisation.objects.get(code=THEIR_UNIT)
        frame, shapes = self.builder.scene.parcels
        at = (frame["township_code"] == "990112003").arg_true().head(5)
        more = frame[at].with_columns(
            pl.lit(THEIRS).alias("township_code"), pl.lit(MARK).alias("parcel_name"),
            pl.Series("parcel_code", [f"{THEIRS}001GB8000{k}" for k in range(len(at))]),
        )  # fmt: skip
        with transaction.atomic():
            made = put(begin(Change.Kind.DELIVERED, None, timezone.localdate()), more, shapes.take(at.to_arrow()))
        fresh = Parcel.objects.filter(pk__in=made["parcel_id"].to_list())
        fresh.update(stage="surveyed", outcome="identified")
        one = Verdict.objects.filter(township_code=THEIRS, outcome="identified").first()
        run, mixed = Run.objects.get(), Submission.objects.get(key=scene.own["submission"][-1])
        assert one is not None
        for parcel in fresh:
            Verdict.objects.create(
                run=run, parcel=parcel, parcel_version=parcel.current, row=one.row, township_code=THEIRS,
                outcome="identified", area_m2=1.0,
            )  # fmt: skip
            SubmissionItem.objects.create(submission=mixed, parcel=parcel, stage="identified")
        counts = run.manifest["counts"] | {"delivered": 7777, "identified": 7777, "unknown": 7777}
        Run.objects.update(manifest=run.manifest | {"counts": counts}, inputs=[i | {"rows": 7777} for i in run.inputs])
        Submission.objects.filter(pk=mixed.pk).update(parcels_count=7777, area_m2=7777.0)
        Trial.objects.update(parcels=7777, flipped=777, flipped_m2=7777.0)
        Job.objects.filter(kind="identification.run").update(total=7777, done=7777, result={"delivered": 7777})
        parcels.report_issue(scene.theirs, fresh[0], kind=MARK, description=MARK)
        parcels.snapshot(scene.theirs, MARK, region_code=THEIRS)
        deliveries.open_delivery(scene.theirs, sender=unit, title=MARK, township_code=THEIRS)
        deliveries.ask(office, unit=unit, role="economy", due=timezone.localdate(), township_code=THEIRS)
        create_token(scene.theirs, name=MARK, scopes=("read",), days=3)

    def test_what_is_refused_names_no_neighbour_that_one_does_not_see(self) -> None:
        """A boundary drawn over another township's parcel is refused without saying which parcel that is."""
        own = Parcel.objects.filter(township_code=OURS, status="alive").order_by("number").first()
        neighbour = Parcel.objects.filter(township_code=THEIRS, status="alive").order_by("number").first()
        assert own is not None and neighbour is not None and neighbour.current is not None
        assert neighbour.current.geometry is not None
        form = {"day": "2026-11-01", "shape": neighbour.current.geometry.json}
        for user, names in ((self.scene.ours, False), (self.scene.office, True)):
            text = body_of(Caller(user).ask("POST", f"/parcels/parcel/{own.number}/reshape", form)).decode()
            assert "重叠" in text
            assert (neighbour.code in text) == names

    def test_a_village_and_a_department_see_no_more(self) -> None:
        """A clerk of one village sees nothing of theirs; a department sees the register, but no deliveries."""
        looked_for = marks(self.scene)
        failures: list[str] = []
        lists = ("deliveries/", "parcels/", "identification/work/", "api/v1/parcels")
        for _address, question, answer in walk(Caller(self.scene.village), self.scene, lists):
            if there := found_in(answer, looked_for, question):
                failures.append(f"{question} shows {there}")
        shut = ("deliveries/<", "jobs/", "api/v1/deliveries", "api/v1/jobs", "api/tokens/", "parcels/deliveries/",
                "parcels/exports/", "parcels/legacy")  # fmt: skip
        department = Caller(self.scene.department)
        for address, question, answer in walk(department, self.scene, shut):
            if address.theirs and answer.status_code not in (403, 404, 405):
                failures.append(f"{question} answers {answer.status_code} to a department")
            if there := found_in(answer, looked_for, question):
                failures.append(f"{question} shows a department {there}")
        assert not failures, told(failures)
        assert found_in(department.ask("GET", "/parcels/", query={"township": THEIRS}), looked_for), (
            "a department sees the register"
        )
