"""The map's page and what it asks for: search, figures, cards, basemap, print."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import polars as pl
import pypdf
import pytest
from django.test import Client
from parcels_ground import OTHER_TOWN, SIDE, SOUTH, WEST, code

from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.parcels.models import Parcel

pytestmark = pytest.mark.django_db
SignedIn = Callable[[str], Client]
#: All four squares.
WINDOW = f"{WEST},{SOUTH - 0.001},{WEST + 0.006},{SOUTH + 0.002}"


def test_the_page_keeps_the_filter_of_its_address(town: pl.DataFrame, signed_in: SignedIn) -> None:
    text = signed_in("ju").get("/maps/", {"q": "纺织", "outcome": "unknown", "township": "990112001"}).content.decode()
    assert 'data-filter="q=%E7%BA%BA%E7%BB%87&amp;township=990112001&amp;outcome=unknown"' in text
    assert '<option value="unknown" selected>待核实</option>' in text
    assert '<option value="990112001" selected>鼓阳街道</option>' in text
    assert "望澜街道" in text
    assert "望澜街道" not in signed_in("jie").get("/maps/").content.decode()


def test_a_filter_that_cannot_be_understood_is_said_on_the_page(district: Any, signed_in: SignedIn) -> None:
    answer = signed_in("ju").get("/maps/", {"box": "1,2", "q": '"><script>alert(1)</script>'})
    assert answer.status_code == 200
    assert "范围应当是" in answer.content.decode()
    assert "<script>alert" not in answer.content.decode()


def test_layers_say_how_they_look_in_the_readers_language(town: pl.DataFrame, signed_in: SignedIn) -> None:
    client = signed_in("ju")
    told = client.get("/maps/layers").json()
    assert [layer["id"] for layer in told["layers"]] == ["parcels", "townships", "legacy"]
    looks = {c["id"]: {look["value"]: look for look in c["looks"]} for c in told["colourings"]}
    assert looks["outcome"]["unknown"]["label"] == "待核实"
    assert looks["outcome"]["unknown"]["pattern"]  # what is not known is told by more than colour
    assert looks["class"]["IND-Y"]["label"] == "效益低下类"
    assert looks["stage"]["to_survey"]["label"] == "待调查"
    assert told["basemap"] is None
    english = client.get("/maps/layers", headers={"Accept-Language": "en"}).json()
    assert english["layers"][0]["title"] == "Parcel"
    assert all(text and not any("一" <= c <= "鿿" for c in text) for text in english["words"].values())


def test_every_look_can_be_told_from_the_ground_and_from_its_neighbours(district: Any) -> None:
    """Outlines stand out from white by 3 to 1, and no two looks of a way of colouring are alike."""
    from panhuo_platform.maps import styles

    def light(colour: str) -> float:
        parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        r, g, b = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    for colouring in styles.colourings():
        known = [look for look in colouring.looks if look.value]
        assert len({(look.fill, look.pattern) for look in colouring.looks}) == len(colouring.looks)
        for look in known:
            assert 1.05 / (light(look.line) + 0.05) >= 3, (colouring.id, look.value)


def test_figures_of_what_is_asked_for(town: pl.DataFrame, signed_in: SignedIn) -> None:
    told = signed_in("jie").get("/maps/figures").json()
    assert told["n"] == 3
    assert told["by"]["outcome"] == {"identified": 1, "unknown": 1, "not": 1}
    assert told["by"]["class"] == {"IND-Y": 1, "": 2}
    assert told["area_m2"] == pytest.approx(
        sum(Parcel.objects.filter(township_code="990112001").values_list("area_m2", flat=True))
    )
    west, south, east, north = told["box"]
    assert WEST < west < east < WEST + 4 * SIDE
    assert SOUTH < south <= north < SOUTH + SIDE
    triangle = f"{WEST},{SOUTH};{WEST + 1.5 * SIDE},{SOUTH};{WEST + 1.5 * SIDE},{SOUTH + SIDE}"
    assert signed_in("jie").get("/maps/figures", {"polygon": triangle}).json()["n"] == 1
    assert signed_in("jie").get("/maps/figures", {"polygon": "1"}).status_code == 400


def test_search_finds_by_name_code_and_township_and_only_ones_own(town: pl.DataFrame, signed_in: SignedIn) -> None:
    street, bureau = signed_in("jie"), signed_in("ju")

    def titles(client: Client, text: str) -> list[str]:
        return [one["title"] for one in client.get("/maps/search", {"q": text}).json()["found"]]

    assert titles(street, "纺织") == ["纺织厂"]
    assert titles(street, "有限公司") == ["纺织厂"]
    assert titles(street, code(2)) == ["2号地"]
    assert titles(bureau, code(4, OTHER_TOWN)) == ["4号地"]
    assert titles(street, code(4, OTHER_TOWN)) == []
    assert titles(bureau, "望澜") == ["望澜街道"]
    assert titles(street, "望澜") == []  # nothing of it is on this user's map
    assert titles(street, "x") == []
    found = street.get("/maps/search", {"q": code(2)}).json()["found"][0]
    assert found["box"] == pytest.approx([WEST + 2 * SIDE, SOUTH, WEST + 3 * SIDE, SOUTH + SIDE])


def test_a_parcels_card_and_shape_are_ones_own_only(town: pl.DataFrame, signed_in: SignedIn) -> None:
    mine, other = Parcel.objects.get(code=code(1)), Parcel.objects.get(code=code(4, OTHER_TOWN))
    client = signed_in("jie")
    text = client.get(f"/maps/parcels/{mine.pk}").content.decode()
    assert "纺织厂" in text
    assert "效益低下类" in text
    assert client.get(f"/maps/parcels/{other.pk}").status_code == 404
    assert client.get(f"/maps/shapes/{other.number}").status_code == 404
    assert client.get("/maps/shapes/nothing").status_code == 404
    told = client.get(f"/maps/shapes/{mine.number}").json()
    assert told["shape"]["type"] == "MultiPolygon"
    assert told["box"] == pytest.approx([WEST + SIDE, SOUTH, WEST + 2 * SIDE, SOUTH + SIDE])
    assert client.get(f"/maps/shapes/{mine.number}", {"day": "2024-01-01"}).json()["shape"] is None
    assert client.get(f"/maps/shapes/{mine.number}", {"day": "gestern"}).status_code == 400


def test_departments_without_the_register_see_no_map(district: Any, client: Client) -> None:
    from panhuo_platform.organisations.models import User

    district.user("shi", "body", "shishi")
    User.objects.filter(username="shi").update(must_change_password=False)
    client.force_login(User.objects.get(username="shi"))
    for address in ("/maps/", "/maps/layers", "/maps/tiles/parcels/0/0/0.mvt", "/maps/print", "/maps/search"):
        assert client.get(address).status_code == 403, address


def test_a_printed_map_has_legend_scale_north_and_a_number_of_its_own(town: pl.DataFrame, signed_in: SignedIn) -> None:
    answer = signed_in("jie").get("/maps/print", {"window": WINDOW, "colour": "outcome", "title": "鼓阳街道低效用地"})
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/pdf"
    (page,) = pypdf.PdfReader(io.BytesIO(answer.content)).pages
    text = page.extract_text()
    event = AuditEvent.objects.first()
    assert event is not None
    assert (event.action, event.account, event.detail["parcels"]) == ("exported", "jie", 3)
    for words in (
        "鼓阳街道低效用地",
        "图号",
        f"-{event.number:06d}",
        "认定",
        "待核实",
        "比例尺",
        "北",
        "CGCS2000",
        "第39带",
    ):
        assert words in text, words
    assert "排除" not in text  # a legend names what the map shows


def test_a_map_that_cannot_be_printed_says_why(
    town: pl.DataFrame, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = signed_in("ju")
    before = AuditEvent.objects.count()

    def told(**query: str) -> str:
        answer = client.get("/maps/print", query)
        assert answer.status_code == 400
        return answer.content.decode()

    assert "没有说明打印的范围" in told()
    assert "没有可以打印的内容" in told(window="118,36,118.1,36.1", layers="parcels")
    assert "范围太大" in told(window="100,30,120,40")
    assert "不在国内" in told(window="0,0,1,1")
    assert "范围应当是" in told(window="a,b,c,d")
    monkeypatch.setattr("panhuo_platform.maps.printing.MOST", 3)
    assert "有 4 宗" in told(window=WINDOW)
    assert AuditEvent.objects.count() == before


PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


@pytest.fixture
def pictures() -> Iterator[tuple[str, list[str]]]:
    """A server of pictures: its address, and what it was asked."""
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            body = PNG if "/5/1/2" in self.path else b"<html>wrong key</html>"
            self.send_response(404 if "/9/" in self.path else 200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()


def test_the_basemap_is_fetched_by_this_server_which_keeps_its_key(
    district: Any, signed_in: SignedIn, settings: Any, pictures: tuple[str, list[str]]
) -> None:
    home, asked = pictures
    settings.BASEMAP, settings.BASEMAP_KEY, settings.BASEMAP_SOURCE = (
        home + "/{z}/{x}/{y}?tk={key}",
        "geheim",
        "某地平台",
    )
    client = signed_in("ju")
    told = client.get("/maps/layers").json()["basemap"]
    (tiles,) = told.pop("tiles")
    assert tiles.startswith("/maps/basemap/0/{z}/{x}/{y}?v=") and "geheim" not in tiles
    assert told == {"attribution": "某地平台", "maxzoom": 18}
    for _again in range(2):
        answer = client.get("/maps/basemap/0/5/1/2")
        assert (answer.status_code, answer["Content-Type"], answer.content) == (200, "image/png", PNG)
    assert asked == ["/5/1/2?tk=geheim"]
    assert client.get("/maps/basemap/0/6/1/2").status_code == 404  # an error page is no picture
    assert client.get("/maps/basemap/0/9/1/2").status_code == 404
    assert client.get("/maps/basemap/0/5/99/2").status_code == 404
    assert client.get("/maps/basemap/1/5/1/2").status_code == 404
    settings.BASEMAP = ""
    assert client.get("/maps/basemap/0/5/1/2").status_code == 404


def test_a_basemap_that_does_not_answer_leaves_the_map_without(
    district: Any, signed_in: SignedIn, settings: Any
) -> None:
    settings.BASEMAP = "http://127.0.0.1:9/{z}/{x}/{y}"
    assert signed_in("ju").get("/maps/basemap/0/5/1/2").status_code == 404


def test_a_basemap_is_named_in_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    from panhuo.messages import PanhuoError
    from panhuo_platform.config import environment

    monkeypatch.setenv("PANHUO_HOME", str(tmp_path))
    monkeypatch.setenv("PANHUO_BASEMAP", "tianditu-img")
    assert environment.read().basemap == "tianditu-img"
    monkeypatch.setenv("PANHUO_BASEMAP", "file:///etc/{z}{x}{y}")
    with pytest.raises(PanhuoError, match="PANHUO_BASEMAP"):
        environment.read()
