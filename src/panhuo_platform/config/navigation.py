"""The menu, by the stages of a parcel's life, and what else stands on every page. Add a page's entry here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.http import HttpRequest
from django.urls import resolve, reverse
from django.utils.translation import gettext_lazy as _

from panhuo_platform.organisations.access import Access
from panhuo_platform.organisations.locality import titles
from panhuo_platform.organisations.models import Administrator, User
from panhuo_platform.organisations.rights import role_names
from panhuo_platform.pages.templatetags.panhuo_tags import told

#: Section -> entries: name of the address, label, icon. Who sees an entry is what its view says of its callers.
MENU: tuple[tuple[Any, tuple[tuple[str, Any, str], ...]], ...] = (
    ("", (("home", _("工作台"), "layout-dashboard"), ("maps:page", _("地图"), "map"))),
    (
        _("调查"),
        (
            ("deliveries:list", _("数据交付"), "file-import"),
            ("deliveries:requests", _("数据需求"), "calendar-due"),
            ("deliveries:completeness", _("报送进度"), "chart-bar"),
            ("parcels:list", _("宗地数据库"), "database"),
        ),
    ),
    (
        _("认定"),
        (
            ("identification:queue", _("认定办理"), "clipboard-check"),
            ("identification:returned", _("退回待补正"), "arrow-back-up"),
            ("identification:runs", _("认定运行"), "target"),
            ("identification:standards", _("认定标准"), "file-check"),
            ("identification:whatif", _("阈值试算"), "adjustments"),
            ("identification:submissions", _("报送和回执"), "send"),
        ),
    ),
    (
        _("入库"),
        (
            ("parcels:low", _("低效用地库"), "list-check"),
            ("parcels:legacy", _("历史遗留用地库"), "archive"),
            ("parcels:issues", _("问题清单"), "clipboard-list"),
            ("parcels:snapshots", _("快照"), "versions"),
        ),
    ),
    (
        _("任务和接口"),
        (
            ("jobs:list", _("后台任务"), "hourglass"),
            ("api:tokens", _("我的令牌"), "key"),
            ("api:docs", _("接口说明"), "file-description"),
        ),
    ),
    (
        _("系统管理"),
        (
            ("administration:accounts", _("账号"), "users"),
            ("administration:assignments", _("任职与权限"), "id"),
            ("administration:organisations", _("单位与专班"), "building-community"),
            ("administration:audit", _("审计"), "shield-check"),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Item:
    """An entry of the menu."""

    href: str
    label: Any
    icon: str
    current: bool


@dataclass(frozen=True, slots=True)
class Section:
    """Entries under one heading."""

    label: Any
    items: tuple[Item, ...]


def page(request: HttpRequest) -> dict[str, Any]:
    """Context of every page: the menu of this user, the place, the offices that the user holds."""
    title = told(titles())
    user = request.user
    if not isinstance(user, User):
        return {"navigation": (), "locality_title": title, "my_offices": ()}
    return {"navigation": tuple(_sections(request, user)), "locality_title": title, "my_offices": tuple(_offices(user))}


def _sections(request: HttpRequest, user: User) -> Iterator[Section]:
    addresses = {name: reverse(name) for _label, entries in MENU for name, _word, _icon in entries}
    # the entry that names most of the address: /deliveries/requests/ is not also /deliveries/
    here = max((href for href in addresses.values() if request.path.startswith(href)), key=len)
    for label, entries in MENU:
        items = tuple(_items(request.path, here, addresses, user, entries))
        if items:
            yield Section(label, items)


def _items(
    path: str, here: str, addresses: dict[str, str], user: User, entries: tuple[tuple[str, Any, str], ...]
) -> Iterator[Item]:
    for name, label, icon in entries:
        href = addresses[name]
        if _access(href).lets_in(user):
            yield Item(href, label, icon, path == href or (href != "/" and href == here))


@lru_cache(maxsize=100)
def _access(href: str) -> Access:
    return resolve(href).func.access  # type: ignore[attr-defined,no-any-return]


def _offices(user: User) -> Iterator[str]:
    """What the user is: administrator, or role and unit of each assignment."""
    if user.administers:
        yield str(Administrator.Office(user.administers).label)
    names = role_names()
    for assignment in user.assignments_in_force:
        yield f"{assignment.organisation} · {told(names.get(assignment.role, {'zh': assignment.role}))}"
