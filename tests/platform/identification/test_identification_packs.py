"""Every locality's own chain: what the pack writes is what can be done, and nothing of it stands in the code."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl
import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from parcels_ground import delivered, parcel

from panhuo_platform.identification import policy
from panhuo_platform.identification.commands import steps
from panhuo_platform.identification.models import RecordStep
from panhuo_platform.identification.queries import work
from panhuo_platform.organisations.models import Assignment, User
from panhuo_platform.parcels import commands as register
from panhuo_platform.parcels.filters import ParcelFilter
from panhuo_platform.parcels.models import Change, Parcel
from panhuo_platform.parcels.writing import begin, put
from panhuo_platform.regions.models import Region

PACKS = ["demo", "licheng-2023", "liaocheng-2020", "jinghai-2024", "jiangmen-2023", "xuecheng-2022"]
EVERYWHERE = ParcelFilter()


@pytest.fixture
def at(district: Any) -> Callable[..., Any]:
    """A user with a role for a unit, in a division where the unit itself has none."""

    def user(name: str, role: str, unit: str, region: str | None = None) -> Any:
        made = district.user(name, role, unit)
        if region is not None:
            row, _made = Region.objects.get_or_create(
                code=region, ends_on=None, defaults={"name": region, "kind": "town"}
            )
            Assignment.objects.filter(user=made).update(region=row)
        return User.objects.get(pk=made.pk)

    return user


def fill(town: str, outcomes: list[str]) -> list[Parcel]:
    rows = [parcel(k, township_code=town, parcel_code=f"{town}001GB{k:05d}") for k in range(1, len(outcomes) + 1)]
    made = put(begin(Change.Kind.DELIVERED, None, date(2025, 1, 1)), *delivered(*rows))
    register.set_outcomes(
        made.select("number").with_columns(
            pl.Series("outcome", outcomes), pl.lit("").alias("main_class"), pl.lit("[]").alias("classes")
        )
    )
    return list(Parcel.objects.order_by("pk"))


@pytest.mark.parametrize("pack", PACKS)
def test_every_chain_can_be_walked_from_its_start_to_its_ends(
    pack: str, district: Any, adopt: Callable[[str], Any]
) -> None:
    adopt(pack)
    record = policy.chain()
    if record is None:  # a pack that is not about identification
        assert pack == "xuecheng-2022"
        assert work.steps_of(district.system) == []
        with pytest.raises(ValidationError, match="没有规定认定流程"):
            steps.record_chain()
        return
    reached, todo = {record.start}, [record.start]
    while todo:
        here = todo.pop()
        for t in record.transitions:
            if here in t.sources and t.target not in reached:
                reached.add(t.target)
                todo.append(t.target)
    assert reached == {s.id for s in record.states}
    assert policy.confirming(record) and policy.after_deciding(record)
    for transition in record.transitions:
        for who in transition.who:
            assert policy.units_of(who) or who in _forces(), f"{transition.id}: nobody is called {who}"


def _forces() -> set[str]:
    from panhuo_platform.organisations.models import TaskForce

    return set(TaskForce.objects.values_list("code", flat=True))


def test_a_district_of_another_city_walks_its_own_chain(
    district: Any, adopt: Callable[[str], Any], at: Callable[..., Any]
) -> None:
    """街道 propose, the joint review task force checks, the bureau registers what is identified, and reports it."""
    adopt("licheng-2023")
    street = at("jie", "street", "shandalu")
    town = street.assignments_in_force[0].organisation.region.code
    good, bad = fill(town, ["identified", "unknown"])
    other = at("jie2", "street", "hongjialou")
    bureau = at("ju", "natural-resources", "qu-ziran")
    review = at("hui", "joint-review", "qu-fagai")
    with pytest.raises(ValidationError, match="没有符合条件"):
        steps.take(other, "survey", [good])
    assert steps.take(street, "survey", EVERYWHERE).count == 2
    with pytest.raises(PermissionDenied):
        steps.take(bureau, "propose", EVERYWHERE)
    assert steps.take(street, "propose", EVERYWHERE).count == 2
    with pytest.raises(PermissionDenied):
        steps.take(street, "check", EVERYWHERE)
    assert steps.take(review, "check", EVERYWHERE).count == 2
    taken = steps.take(bureau, "register", EVERYWHERE)
    assert taken.count == 1 and sum(taken.left.values()) == 1
    bad.refresh_from_db()
    assert bad.stage == "checked"
    steps.take(bureau, "return", [bad], reason="缺少税收数据")
    bad.refresh_from_db()
    assert bad.stage == "returned"
    assert steps.take(bureau, "report", [good]).count == 1
    pending = steps.take(bureau, "remove", [good], reason="改造完成").pending
    assert pending is not None
    steps.agree(at("ju2", "natural-resources", "qu-ziran"), pending, agreed=True)
    good.refresh_from_db()
    assert good.stage == "removed"
    told = list(RecordStep.objects.filter(parcel=good).order_by("pk").values_list("step", flat=True))
    assert told == ["survey", "propose", "check", "register", "report", "remove"]
    assert work.steps_of(street)


def test_a_city_with_counties_walks_its_own_chain(
    district: Any, adopt: Callable[[str], Any], at: Callable[..., Any]
) -> None:
    """The county identifies, the city verifies and reports, the province registers; an update begins anew."""
    adopt("liaocheng-2020")
    county = at("xian", "county", "xianqu", "371502")
    neighbour = at("xian2", "county", "xianqu", "371521")
    (one,) = fill("371502001", ["identified"])
    city = at("shi", "office", "shi-ziran")
    province = at("sheng", "province", "sheng-ziran")
    with pytest.raises(ValidationError):
        steps.take(neighbour, "survey", [one])
    for user, step in (
        (county, "survey"), (county, "propose"), (city, "check"), (county, "identify"), (city, "verify"),
        (city, "report"), (province, "register"), (county, "update"),
    ):  # fmt: skip
        assert steps.take(user, step, [one]).count == 1, step
    one.refresh_from_db()
    assert one.stage == "proposed"


def test_the_condition_of_a_step_is_the_packs_own(
    district: Any, adopt: Callable[[str], Any], at: Callable[..., Any]
) -> None:
    adopt("jinghai-2024")
    office = at("ju", "office", "fenju")
    parcels = fill("120118001", ["identified", "not", ""])
    Parcel.objects.update(stage="checked")
    taken = steps.take(office, "identify", EVERYWHERE)
    assert taken.count == 1 and taken.left == {"认定条件齐备，结论为已认定": 2}
    assert [p.stage for p in Parcel.objects.order_by("pk")] == ["identified", "checked", "checked"]
    assert parcels[0].pk == Parcel.objects.get(stage="identified").pk
