"""The story of the demo district: what its offices have done so far, by the same commands that their pages call."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pyarrow as pa
from django.core.exceptions import ValidationError
from django.utils import timezone

from panhuo import exchange
from panhuo.land.crs import Crs
from panhuo.packs import NewValue
from panhuo.packs.settable import CONDITIONS
from panhuo.survey.config import SurveyConfig, load_config
from panhuo_platform.deliveries import commands as deliveries
from panhuo_platform.deliveries.models import Delivery
from panhuo_platform.identification import policy
from panhuo_platform.identification.commands import (
    confirmations,
    objections,
    overrides,
    runs,
    standards,
    steps,
    submissions,
)
from panhuo_platform.identification.models import StandardVersion
from panhuo_platform.identification.queries import work
from panhuo_platform.identification.queries.standards import may_approve
from panhuo_platform.jobs.worker import run_waiting
from panhuo_platform.organisations.models import Organisation, User
from panhuo_platform.parcels import commands as parcels
from panhuo_platform.parcels.filters import ParcelFilter
from panhuo_platform.parcels.models import Parcel

Say = Callable[[str], None]

#: Townships by how far they have come in the story; the others have only been surveyed.
PROPOSED, CONFIRMED, DECIDED = ("990112002", "990112003"), ("990112004",), ("990112005", "990112006")


class Story:
    """Each step is an act of one account.

    folder : a district that ``panhuo demo`` made
    on     : the day for which it was made, by whose standard parcels are judged
    """

    def __init__(self, folder: Path, on: date, say: Say) -> None:
        self.config: SurveyConfig = load_config(folder)
        self.today = timezone.localdate()
        self.folder, self.on, self.say = folder, min(on, self.today), say

    def tell(self) -> None:
        """The whole story, in its order."""
        self.ask_for_data()
        self.survey()
        self.late_township()
        self.identify()
        self.go_on()
        self.think_ahead()

    def user(self, account: str) -> User:
        return User.objects.get(username=account)

    def township(self, town: str) -> User:
        """The account of a township's office."""
        return self.user(Organisation.objects.get(region__code=town, kind="township").code)

    def unit(self, code: str) -> Organisation:
        return Organisation.objects.get(code=code)

    def ask_for_data(self) -> None:
        """The bureau asks two departments for data, one of them soon."""
        office = self.user("ziran")
        for unit, role, days in (("yingji", "safety", 3), ("shuiwu", "economy", 20), ("huanjing", "environment", 9)):
            deliveries.ask(office, unit=self.unit(unit), role=role, due=self.today + timedelta(days=days))

    def survey(self) -> None:
        """The bureau delivers what its contractor surveyed, says what the layers are, and takes it over."""
        self.say("交付、检查、接收")
        office = self.user("ziran")
        row = deliveries.take_in(
            office, self.folder / "交付", sender=self.unit("ziran"), title=self.config.title, note=_MADE
        )
        run_waiting()
        self.describe(office, row)
        deliveries.check(office, row)
        run_waiting()
        row.refresh_from_db()
        parcels.compare_delivery(office, row)
        parcels.accept(office, row, day=self.on)

    def describe(self, office: User, row: Delivery) -> None:
        """Say of each layer what survey.yaml says of it; what it does not name is left out."""
        for layer in row.layers.all():
            entry = next(
                (
                    e
                    for e in self.config.inputs
                    if f"交付/{layer.source}".startswith(e.path) and e.layer in (None, layer.name)
                ),
                None,
            )
            if entry is None:
                deliveries.describe_layer(office, layer, role="", used=False)
                continue
            deliveries.describe_layer(
                office, layer, role=entry.role, fields=dict(entry.fields) or None, units=dict(entry.units) or None,
                crs=entry.crs or "", year=entry.year, issued=entry.date,
            )  # fmt: skip

    def late_township(self) -> None:
        """A township has sent new owners of a few parcels; one code is wrong, and it has not mended it yet."""
        with tempfile.TemporaryDirectory() as folder:
            sent = Path(folder) / "鼓阳街道权利人变更.gpkg"
            exchange.write([_renamed("990112001")], sent)
            deliveries.take_in(
                self.user("guyang"), sent, sender=self.unit("guyang"), title="鼓阳街道权利人变更",
                township_code="990112001", note=_MADE,
            )  # fmt: skip
        run_waiting()

    def identify(self) -> None:
        """The standard is drafted by one person and approved by another; a run judges every parcel by it."""
        self.say("认定标准、认定运行")
        self.standard()
        self.judge()

    def standard(self) -> None:
        version = standards.draft(self.user("ziran"), "2026 年认定标准")
        approver = next(u for u in User.objects.order_by("pk") if _approves(u, version))
        standards.approve(approver, version, starts_on=date(self.on.year, 1, 1), document="澄政办发〔2026〕3号")

    def judge(self) -> None:
        runs.start(self.user("ziran"), on=self.on)
        run_waiting()

    def go_on(self) -> None:
        """Records in every state: proposed, confirmed, decided, sent up, returned, in the register above."""
        self.say("镇街申报、部门确认、区级认定、报送")
        for town in (*PROPOSED, *CONFIRMED, *DECIDED):
            self.forward(self.township(town), town)
        for town in (*CONFIRMED, *DECIDED):
            self.confirm(town)
        for town in DECIDED:
            self.decide(town)
        self.quarrels()

    def think_ahead(self) -> None:
        """The office drafts what might hold next year and has it tried; nobody has approved it yet."""
        self.say("拟订下一年的标准并试运行")
        office = self.user("ziran")
        draft = standards.draft(office, f"{self.on.year + 1} 年认定标准（讨论稿）")
        standards.set_values(office, draft, [NewValue(f"{CONDITIONS}.{name}", key, to) for name, key, to in _DRAFTED])
        standards.try_out(office, draft)
        run_waiting()

    def confirm(self, town: str) -> None:
        """Every unit with something to confirm gives its word."""
        for user in User.objects.order_by("pk"):
            if work.due_parcels(user).filter(township_code=town).exists():
                confirmations.confirm(user, ParcelFilter(township=town))

    def decide(self, town: str) -> None:
        """The bureau decides, one of them otherwise than the rules; the city verifies; one receipt comes back."""
        office = self.user("ziran")
        doubtful = Parcel.objects.filter(township_code=town, outcome="unknown").order_by("number").first()
        if doubtful is not None:
            overrides.override(office, doubtful, outcome="not", reason="现场核查：已复工投产，暂不认定。")
        self.forward(office, town)
        city = self.unit("shiju")
        if town != DECIDED[0] or not policy.sendable(steps.record_chain(), city):
            return
        sent = submissions.send(office, city, ParcelFilter(township=town), title=f"{self.on} 报送市级核实")
        self.forward(self.user("shiju"), town)
        self.forward(office, town)
        submissions.receipt(office, sent, number="示例〔2026〕11号", on=self.on)

    def quarrels(self) -> None:
        """One proposal goes back with a reason; an owner objects to a condition; a department has a doubt."""
        office = self.user("ziran")
        proposed = Parcel.objects.filter(township_code__in=PROPOSED, stage="proposed").order_by("number")
        back = next((w for w in work.steps_of(office) if w.back and w.transition.reason_required), None)
        first = proposed.first()
        if back is not None and first is not None:
            steps.take(office, back.transition.id, [first], reason="现状照片与图斑不符，请重新核实后再报。")
        for user in User.objects.order_by("-pk"):
            due = work.due_rows(user).filter(parcel__in=proposed).order_by("pk").first()
            if due is not None:
                confirmations.confirm(
                    user, [due.parcel], answer="doubted", note="与本部门掌握的情况不一致，正在核实。",
                    conditions=[due.condition],
                )  # fmt: skip
                objections.object_to(
                    office, due.parcel, condition=due.condition, by="权利人（代理人到窗口提出）",
                    text="2026 年已技改投产，请按新的数据重新测算。",
                )  # fmt: skip
                return

    def forward(self, user: User, town: str) -> None:
        """Take the steps that lead on, as long as there are parcels before one."""
        for _ in range(6):
            taken = 0
            for waiting in work.steps_of(user):
                if waiting.back or waiting.transition.two_persons or waiting.transition.reason_required:
                    continue
                try:
                    taken += steps.take(
                        user, waiting.transition.id, ParcelFilter(township=town, outcome="identified")
                    ).count
                except ValidationError:  # none of this township stands before it
                    continue
            if not taken:
                return


#: Condition, its number, what the draft of the next year says: more is sparse, less is vacant.
_DRAFTED = (("sparse", "lt", 0.5), ("vacant", "ge", 0.6), ("tax_town", "factor", 0.5))

_MADE = "虚构数据，仅供演示。"


def _renamed(town: str) -> exchange.Layer:
    """A few parcels of a township as it would send them, one of them with a code that is wrong."""
    rows = list(Parcel.objects.filter(township_code=town).select_related("current").order_by("number")[:6])
    codes = [row.code for row in rows]
    codes[2] = codes[2][:-3] + "x1"
    frame = pl.DataFrame(
        {
            "宗地代码": codes, "乡镇代码": [town] * len(rows), "权利人": [f"{row.holder_name}（更名）" for row in rows],
            "面积": [round(row.area_m2, 2) for row in rows],
        }
    )  # fmt: skip
    shapes = [bytes(row.current.geometry.wkb) for row in rows if row.current and row.current.geometry]
    return exchange.Layer(
        name="宗地", source="", driver="GPKG", table=frame.to_arrow(), geometry=pa.array(shapes, pa.large_binary()),
        crs=Crs.from_epsg(4490), geometry_type="MultiPolygon",
    )  # fmt: skip


def _approves(user: User, version: StandardVersion) -> bool:
    return user != version.drafted_by and may_approve(user, version)
