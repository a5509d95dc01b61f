"""Two townships side by side, each with everything that the platform keeps; the second one's rows bear a mark."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import polars as pl
import pyarrow as pa
import shapely
from delivered_scene import unit
from django.db import transaction
from django.utils import timezone
from identification_scene import DAY, DEPARTMENTS, Scene
from parcels_ground import SIDE, SOUTH, WEST

from panhuo import exchange
from panhuo.land.crs import Crs
from panhuo_platform.api.commands import create_token
from panhuo_platform.deliveries import commands as deliveries
from panhuo_platform.deliveries.models import Delivery, Upload
from panhuo_platform.identification import inputs
from panhuo_platform.identification.commands import (
    confirmations,
    objections,
    overrides,
    runs,
    standards,
    steps,
    submissions,
)
from panhuo_platform.identification.models import Due, Objection, Override, PendingStep, Shown, Submission, Trial
from panhuo_platform.identification.queries import work
from panhuo_platform.identification.queries.card import verdict_of
from panhuo_platform.jobs.commands import start
from panhuo_platform.jobs.models import Job
from panhuo_platform.organisations.models import User
from panhuo_platform.parcels import commands as parcels
from panhuo_platform.parcels.commands.exports import EXPORT
from panhuo_platform.parcels.filters import ParcelFilter
from panhuo_platform.parcels.models import Change, LegacySeal, Parcel
from panhuo_platform.parcels.writing import begin, put

#: The township that asks, and the one whose rows it must not see.
OURS, THEIRS = "990112001", "990112002"
OUR_UNIT, THEIR_UNIT = "guyang", "wanglan"
#: What every text of theirs says, and none of anybody else's.
MARK = "乙密标"
#: Where nothing of the demo district lies: the ground of what is delivered here, by township.
_ROW = {OURS: 40.0, THEIRS: 60.0}


@dataclass
class Townships:
    """The scene: who acts in it, and the keys of what is theirs (``keys``) and ours (``own``) by what it is.

    theirs    : the clerk who did everything, with the mark in the name
    colleague : another one of theirs, in whose name there is no mark
    """

    ours: Any
    theirs: Any
    colleague: Any
    office: Any
    department: Any
    village: Any
    keys: dict[str, list[Any]] = field(default_factory=dict)
    own: dict[str, list[Any]] = field(default_factory=dict)

    def note(self, town: str, name: str, *keys: Any) -> None:
        (self.keys if town == THEIRS else self.own).setdefault(name, []).extend(keys)


def word(town: str, text: str) -> str:
    """A text of a township: with the mark where it is theirs."""
    return f"{MARK}{text}" if town == THEIRS else f"甲{text}"


def box(town: str, column: float, width: float = 1.0) -> shapely.Polygon:
    x, y = WEST + column * SIDE, SOUTH + _ROW[town] * SIDE
    return shapely.box(x, y, x + width * SIDE, y + SIDE)


def fill(scene: Scene) -> None:
    """The two townships' parcels of the demo district, as of a day; theirs with the mark in every text."""
    frame, shapes = scene.parcels
    chosen = frame["township_code"].is_in([OURS, THEIRS])
    frame, shapes = frame.filter(chosen), shapes.filter(pa.array(chosen.to_list()))
    theirs = pl.col("township_code") == THEIRS
    texts = ("parcel_name", "holder_name", "location", "remark", "contract_no", "approval_no")
    frame = frame.with_columns(
        pl.when(theirs).then(pl.concat_str(pl.lit(MARK), pl.col(c).fill_null(""))).otherwise(c).alias(c) for c in texts
    )
    with transaction.atomic():
        put(begin(Change.Kind.DELIVERED, None, date(2025, 1, 1)), frame, shapes)


def layer(name: str, table: dict[str, list[Any]], shapes: Iterable[shapely.Polygon]) -> exchange.Layer:
    return exchange.Layer(
        name=name, source=f"{name}.shp", driver="ESRI Shapefile", table=pl.DataFrame(table).to_arrow(),
        geometry=pa.array(shapely.to_wkb(list(shapes)), pa.large_binary()), crs=Crs.from_epsg(4490),
        geometry_type="Polygon",
    )  # fmt: skip


def zipped(folder: Path, town: str, made: exchange.Layer) -> Path:
    """A shapefile in GBK in a zip, as townships send them."""
    place = folder / f"{town}-{made.name}"
    place.mkdir(parents=True)
    exchange.write([made], place / f"{made.name}.shp", encoding="GBK")
    path = folder / f"{made.name}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        for part in sorted(place.iterdir()):
            z.write(part, part.name)
    return path


def survey_of(town: str, others: str) -> exchange.Layer:
    """New parcels with mistakes in them; and two that lie on the other township's ground or bear its code."""
    foreign = Parcel.objects.filter(township_code=others, current__geometry__isnull=False).order_by("number")
    wrong = shapely.Polygon([(x, y) for x, y in _bow_tie(town)])
    under = shapely.from_wkb(bytes(foreign[0].current.geometry.wkb))  # type: ignore[union-attr]
    codes = [f"{town}001GB9{k:04d}" for k in range(1, 4)] + ["", f"{town}001GB90005", f"{town}001GB90006"]
    table = {
        "宗地代码": [*codes, foreign[1].code],
        "乡镇街道代码": [town] * 7,
        "权利人": [word(town, f"新厂{k}") for k in range(7)],
        "宗地名称": [word(town, f"新地{k}") for k in range(7)],
        "面积": [10000.0, 10000.0, 15.0, 10000.0, 5000.0, 10000.0, 10000.0],
    }
    shapes = [box(town, k) for k in range(4)] + [wrong, under, box(town, 8)]
    return layer(word(town, "宗地"), table, shapes)


def _bow_tie(town: str) -> list[tuple[float, float]]:
    west, south, east, north = box(town, 5).bounds
    return [(west, south), (east, north), (east, south), (west, north)]


def lines_of(town: str) -> exchange.Layer:
    table = {"控制线类型": ["生态保护红线"] * 2, "控制线名称": [word(town, "红线1"), word(town, "红线2")]}
    return layer(word(town, "控制线"), table, [box(town, 10), box(town, 12)])


class Builder:
    """Makes the scene by the commands that the pages call. ``run_jobs`` does what waits."""

    def __init__(self, district: Any, scene: Scene, folder: Path, run_jobs: Callable[[], list[Any]]) -> None:
        self.district, self.scene, self.folder, self.run_jobs = district, scene, folder, run_jobs
        self.users = {
            OURS: district.user("jia", "township", OUR_UNIT),
            THEIRS: district.user("yi", "township", THEIR_UNIT),
        }
        User.objects.filter(username="yi").update(name=word(THEIRS, "经办"))
        self.office = district.user("banzi", "office", "ziran")
        self.second = district.user("banzi2", "office", "ziran")
        self.leader = district.user("zuzhang", "leader", "quzhengfu")
        self.department = district.user("shuiwu", "department", "shuiwu")

    def jobs(self) -> None:
        failed = [(j.kind, j.error) for j in self.run_jobs() if j.state != "done"]
        assert not failed, failed

    def build(self) -> Townships:
        village = self._village()
        User.objects.update(must_change_password=False)
        users = {town: User.objects.get(pk=u.pk) for town, u in self.users.items()}
        self.users = users
        colleague = self.district.user("er", "township", THEIR_UNIT)
        User.objects.update(must_change_password=False)
        made = Townships(users[OURS], users[THEIRS], colleague, self.office, self.department, village)
        fill(self.scene)
        for town in (OURS, THEIRS):
            self.deliver(made, town)
        self.identify(made)
        for town in (OURS, THEIRS):
            self.lists(made, town)
            self.records(made, town)
            self.shapes(made, town)
            self.programs(made, town)
        self.whole(made)
        self.found(made)
        return made

    def _village(self) -> Any:
        """Somebody of our township whose assignment is narrowed to a village."""
        from panhuo_platform.organisations import commands
        from panhuo_platform.regions.models import Region

        above = Region.objects.get(code=OURS)
        village = Region.objects.create(code=f"{OURS}201", name="示例村", kind="township", parent=above)
        user, _password = commands.open_account(self.district.system, "cun")
        commands.grant(
            self.district.security, user, "township", unit(OUR_UNIT), starts_on=date(2020, 1, 1), region=village
        )
        return User.objects.get(pk=user.pk)

    def send(self, town: str, made: exchange.Layer, title: str, role: str) -> Delivery:
        user = self.users[town]
        sender = OUR_UNIT if town == OURS else THEIR_UNIT
        row = deliveries.take_in(
            user, zipped(self.folder, town, made), sender=unit(sender), title=word(town, title), township_code=town,
            note=word(town, "说明"),
        )  # fmt: skip
        self.jobs()
        described = row.layers.get()
        if described.role != role:
            deliveries.describe_layer(user, described, role=role)
            deliveries.check(user, row)
            self.jobs()
        row.refresh_from_db()
        assert row.state == "checked", row.state
        return row

    def deliver(self, made: Townships, town: str) -> None:
        """A checked survey beside the register, accepted control lines, an upload that is under way, requests."""
        user, other = self.users[town], THEIRS if town == OURS else OURS
        sender = unit(OUR_UNIT if town == OURS else THEIR_UNIT)
        survey = self.send(town, survey_of(town, other), "宗地调查", "parcels")
        foreign = Parcel.objects.filter(township_code=other, current__geometry__isnull=False).order_by("number")
        made.note(town, "said", foreign[1].code)
        lines = self.send(town, lines_of(town), "控制线", "control_lines")
        parcels.compare_delivery(self.office, survey)
        deliveries.accept_layers(self.office, lines)
        under_way = deliveries.open_delivery(user, sender=sender, title=word(town, "还在上传"), township_code=town)
        upload = deliveries.begin_upload(user, under_way, name=f"{word(town, '文件')}.zip", size=2000)
        deliveries.put_part(user, upload, offset=0, part=b"x" * 700)
        for who in (sender, unit("shuiwu")):
            asked = deliveries.ask(
                self.office, unit=who, role="legacy", due=timezone.localdate() + timedelta(days=9), township_code=town,
                note=word(town, "要求"),
            )  # fmt: skip
            made.note(town, "request", asked.pk)
        made.note(town, "delivery", survey.key, lines.key, under_way.key)
        made.note(town, "survey", survey.key)
        made.note(town, "overlay", *(x.pk for x in lines.layers.all()))

    def identify(self, made: Townships) -> None:
        version = standards.draft(self.office, "认定标准")
        standards.try_out(self.office, version)  # nothing to try it on yet: says so
        self.run_jobs()
        standards.approve(self.leader, version, starts_on=date(2026, 1, 1), document="示例〔2026〕1号")
        self.run = runs.start(self.office, on=DAY, title="认定运行")
        own = inputs.delivered  # what the townships delivered; the district's other layers come straight from the demo
        rest = [inputs.Given(**one) for one in self.scene.layers]
        with mock.patch.object(inputs, "delivered", lambda run: [*own(run), *rest]):
            self.jobs()
        again = standards.draft(self.office, "修订", on=version)
        standards.try_out(self.office, again)
        self.jobs()
        Trial.objects.filter(version=again).update(version=version)  # as if it had been tried before it was approved
        made.note(THEIRS, "draft", again.pk)

    def lists(self, made: Townships, town: str) -> None:
        """Legacy land, sealed; issues, open and answered."""
        user = self.users[town]
        rows = pl.DataFrame(
            {"legacy_code": [f"{word(town, 'L')}{k}" for k in (1, 2)], "township_code": [town] * 2,
             "situation": [word(town, "情形")] * 2, "occurred_year": [1998, 1999],
             "penalty_no": [word(town, "罚字")] * 2}
        )  # fmt: skip
        wkb = pa.array(shapely.to_wkb([box(town, 20), box(town, 22)]), pa.large_binary())
        parcels.enter_legacy(self.office, rows, wkb, township=town)
        sealed = parcels.seal(self.second, parcels.propose_seal(self.office, town))
        some = Parcel.objects.filter(township_code=town).order_by("number")
        issues = [
            parcels.report_issue(
                user, p, kind=word(town, "抵押"), description=word(town, "问题"), wish=word(town, "诉求"),
                unit=word(town, "责任单位"),
            )
            for p in some[:2]
        ]  # fmt: skip
        parcels.answer_issue(user, issues[1], answer=word(town, "答复"))
        made.note(town, "seal", sealed.pk)
        made.note(town, "issue", *(i.pk for i in issues))

    def records(self, made: Townships, town: str) -> None:
        """Proposed, confirmed, doubted, identified, sent up with a receipt; overridden, objected to, to be removed."""
        user, office = self.users[town], self.office
        chosen = ParcelFilter(township=town, outcome="identified")
        steps.take(user, "survey", ParcelFilter(township=town))
        steps.take(user, "propose", chosen)
        back = Parcel.objects.filter(township_code=town, stage="proposed").order_by("number").last()
        assert back is not None
        steps.take(office, "return", [back], reason=word(town, "退回理由"))
        doubted = False
        for name in Due.objects.filter(parcel__township_code=town, needed=True, answer=None).values_list(
            "unit__code", flat=True
        ).distinct():  # fmt: skip
            if name not in DEPARTMENTS:
                continue
            who = self.department if name == "shuiwu" else self.district.user(f"u-{name}", "department", name)
            if not doubted and (due := work.due_rows(who).filter(parcel__township_code=town).first()) is not None:
                confirmations.confirm(
                    who, [due.parcel], answer="doubted", note=word(town, "疑问"), conditions=[due.condition]
                )
                doubted = True
            if work.due_parcels(who).filter(township_code=town).exists():
                confirmations.confirm(who, ParcelFilter(township=town), note=word(town, "意见"))
        check = self.district.user("u-fagai", "department", "fagai")
        if Parcel.objects.filter(township_code=town, stage="proposed").exists():
            steps.take(check, "check", chosen, reason=word(town, "会核"))
        steps.take(office, "identify", chosen)
        city = unit("shiju")
        ready = list(Parcel.objects.filter(township_code=town, stage="identified").order_by("number"))
        assert len(ready) >= 3, len(ready)
        sent = submissions.send(office, city, ready[:1], title=word(town, "报送"), note=word(town, "报送说明"))
        verifier = self.district.user("shi", "city", "shiju")
        steps.take(verifier, "verify", ready[:1], reason=word(town, "核实"))
        steps.take(office, "register", ready[:1])
        submissions.receipt(
            office, sent, number=word(town, "回执"), on=timezone.localdate(),
            file=b"%PDF-1.4 " + word(town, "回执").encode(),
            file_name=f"{word(town, '回执文件')}.pdf", upper_numbers={ready[0].number: word(town, "上级")},
        )  # fmt: skip
        pending = steps.take(office, "remove", ready[:1], reason=word(town, "移出")).pending
        other = Parcel.objects.filter(township_code=town, outcome="unknown").order_by("number").first()
        assert other is not None
        over = overrides.override(office, other, outcome="not", reason=word(town, "改判理由"))
        judged = Parcel.objects.filter(township_code=town, stage="surveyed").order_by("number")
        condition = next(iter(Due.objects.values_list("condition", flat=True)))
        against = next(p for p in judged if (v := verdict_of(p)) is not None and v.row is not None)
        objected = objections.object_to(
            user, against, condition=condition, by=word(town, "异议人"), text=word(town, "异议内容")
        )
        made.note(town, "submission", sent.key)
        made.note(town, "pending", pending.pk if pending is not None else 0)
        made.note(town, "overridden", other.number)
        made.note(town, "objection", objected.pk)
        made.note(town, "override", over.pk)

    def shapes(self, made: Townships, town: str) -> None:
        """Split, merged and changed parcels, each with a note."""
        user = self.users[town]
        town_rows = Parcel.objects.filter(township_code=town, stage="surveyed", current__geometry__isnull=False)
        shown = next(p for p in town_rows.order_by("-area_m2") if _plain(p))
        west, south, east, north = shapely.from_wkb(bytes(shown.current.geometry.wkb)).bounds  # type: ignore[union-attr]
        middle = (west + east) / 2
        cut = {"type": "LineString", "coordinates": [[middle, south - 0.01], [middle, north + 0.01]]}
        day = timezone.localdate() - timedelta(days=9 if town == OURS else 5)
        parts = parcels.split(user, shown, day=day, line=cut, note=word(town, "分割说明"))
        assert len(parts) == 2
        whole = parcels.merge(user, parts, day=day + timedelta(days=1), note=word(town, "合并说明"))
        parcels.reshape(
            user,
            whole,
            day=day + timedelta(days=2),
            fields={"holder_name": word(town, "更名")},
            note=word(town, "更名"),
        )

    def programs(self, made: Townships, town: str) -> None:
        """Snapshots, exports, a failed job, a token."""
        user = self.users[town]
        snap = parcels.snapshot(user, word(town, "快照"), region_code=town)
        export = start(EXPORT, actor=user, arguments={"query": {}, "kind": "gpkg"}, title=word(town, "导出"))
        self.jobs()
        failed = start(EXPORT, actor=user, arguments={"query": {}, "kind": "txt"}, title=word(town, "失败"))
        Job.objects.filter(pk=failed.pk).update(
            state="failed", error=word(town, "出错"), started_at=timezone.now(), ended_at=timezone.now()
        )
        token, _secret = create_token(user, name=word(town, "程序"), scopes=("read", "deliver", "run"), days=30)
        made.note(town, "snapshot", snap.pk)
        made.note(town, "job", export.pk, failed.pk)
        made.note(town, "export", export.pk)
        made.note(town, "token", token.pk)

    def whole(self, made: Townships) -> None:
        """Of both townships at once: a snapshot, and a submission whose receipt names everybody's parcels."""
        snap = parcels.snapshot(self.office, f"{MARK}全区快照")
        made.note(THEIRS, "snapshot", snap.pk)
        both = [
            Parcel.objects.filter(township_code=town, stage="identified").order_by("number").first()
            for town in (OURS, THEIRS)
        ]
        assert None not in both
        mixed = submissions.send(self.office, unit("shiju"), [p for p in both if p is not None], title="两镇报送")
        submissions.receipt(
            self.office, mixed, number="示例〔2026〕9号", on=timezone.localdate(),
            file=b"%PDF-1.4 " + MARK.encode(), file_name="回执.pdf",
        )  # fmt: skip
        made.note(OURS, "submission", mixed.key)

    def found(self, made: Townships) -> None:
        """The keys of everything else."""
        for town in (OURS, THEIRS):
            rows = Parcel.objects.filter(township_code=town).order_by("pk")
            made.note(town, "parcel", *rows.values_list("pk", flat=True))
            made.note(town, "number", *rows.values_list("number", flat=True))
            made.note(town, "code", *rows.exclude(code="").values_list("code", flat=True))
            shown = Shown.objects.filter(steps__parcel__in=rows).values_list("pk", flat=True).distinct()
            made.note(town, "sha256", *shown)
            made.note(
                town, "upload", *Upload.objects.filter(delivery__township_code=town).values_list("key", flat=True)
            )
        assert Override.objects.count() == 2 and Objection.objects.count() == 2 and PendingStep.objects.count() == 2
        assert Submission.objects.count() == 3 and LegacySeal.objects.count() == 2


def _plain(parcel: Parcel) -> bool:
    """A shape without holes or notches, which a straight line cuts in two."""
    shape = shapely.from_wkb(bytes(parcel.current.geometry.wkb))  # type: ignore[union-attr]
    return shape.area > 0.97 * shape.convex_hull.area and len(shape.geoms) == 1
