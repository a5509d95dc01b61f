"""Writes: adopting a locality's pack, accounts, the three administrators, assignments, hand-over."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from panhuo.packs import Pack, freeze
from panhuo_platform.audit.commands import record
from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.organisations import locality
from panhuo_platform.organisations.models import (
    Administrator,
    Assignment,
    Locality,
    Organisation,
    Seat,
    TaskForce,
    User,
)
from panhuo_platform.regions.models import Region
from panhuo_platform.scope import in_force

Action = AuditEvent.Action


@transaction.atomic
def adopt(pack: Pack, *, actor: User | None = None) -> Locality:
    """Run this pack from now on: its units, task forces, seats and divisions are made or brought up to date.

    What the pack no longer names is ended and stays, because assignments and decisions rest on it.
    """
    if actor is not None:
        _only(actor, Administrator.Office.SYSTEM)
    kept = freeze(pack)
    row, _made = Locality.objects.update_or_create(
        pk=1,
        defaults={
            "pack": pack.id, "on": pack.on, "adopted_at": timezone.now(), "sha256": kept["sha256"], "frozen": kept,
        },
    )  # fmt: skip
    regions = _divisions(pack)
    units = _units(pack, regions)
    _forces(pack, units)
    transaction.on_commit(locality.forget)
    locality.forget()
    record(
        Action.CHANGED,
        f"启用政策包 {pack.id}（{pack.on} 有效）",
        actor=actor,
        subject=row,
        detail={"sha256": kept["sha256"]},
    )
    return row


def _divisions(pack: Pack) -> dict[str, Region]:
    """The pack's divisions and the places above them, by their codes."""
    named = {d.id: d for d in pack.organisation.divisions}
    for place in pack.meta.places:
        if place not in named:
            Region.objects.get_or_create(
                code=place, ends_on=None, defaults={"name": pack.title("zh"), "kind": _kind_of(place)}
            )
    for division in pack.organisation.divisions:
        Region.objects.update_or_create(
            code=division.id, ends_on=None, defaults={"name": division.name, "kind": division.kind}
        )
    known = {r.code: r for r in Region.objects.on(timezone.localdate())}
    for division in pack.organisation.divisions:
        above = known.get(division.parent or "")
        if above is not None and known[division.id].parent_id != above.pk:
            Region.objects.filter(pk=known[division.id].pk).update(parent=above)
    return known


def _kind_of(code: str) -> Region.Kind:
    kinds = {2: Region.Kind.PROVINCE, 4: Region.Kind.CITY, 6: Region.Kind.COUNTY}
    return kinds.get(len(code.rstrip("0")) + len(code.rstrip("0")) % 2, Region.Kind.TOWN)


def _units(pack: Pack, regions: Mapping[str, Region]) -> dict[str, Organisation]:
    units = {}
    for unit in pack.organisation.units:
        units[unit.id], _made = Organisation.objects.update_or_create(
            code=unit.id,
            defaults={
                "name": unit.name("zh"), "name_en": unit.name("en"), "kind": unit.kind,
                "region": regions.get(unit.division or ""), "clause": unit.clause or "", "ends_on": None,
            },
        )  # fmt: skip
    for unit in pack.organisation.units:
        units[unit.id].members.set([units[m] for m in unit.members if m in units])
    today = timezone.localdate()
    Organisation.objects.filter(in_force(today)).exclude(code__in=units).update(ends_on=today)
    return units


def _forces(pack: Pack, units: Mapping[str, Organisation]) -> None:
    for force in pack.organisation.task_forces:
        row, _made = TaskForce.objects.update_or_create(
            code=force.id,
            defaults={
                "name": force.name("zh"), "name_en": force.name("en"), "kind": force.kind,
                "office": units.get(force.office or ""), "clause": force.clause or "",
            },
        )  # fmt: skip
        places = [
            *((force.head, Seat.Place.HEAD),) * (force.head is not None),
            *((s, Seat.Place.DEPUTY) for s in force.deputies),
            *((s, Seat.Place.MEMBER) for s in force.seats),
            *((force.office_head, Seat.Place.OFFICE),) * (force.office_head is not None),
        ]
        for seat, place in places:
            if seat is not None and seat.unit in units:
                Seat.objects.update_or_create(
                    task_force=row, organisation=units[seat.unit], post=seat.post, place=place,
                    defaults={"count": seat.count},
                )  # fmt: skip


def found(names: Mapping[str, str]) -> dict[str, tuple[User, str]]:
    """The first three administrators of an installation, each with a password for its first sign-in.

    names : account by office (``system``, ``security``, ``audit``)
    """
    with transaction.atomic():
        if Administrator.objects.exists():
            raise ValidationError(_("三个管理员已经建立。"))
        made = {}
        for office in Administrator.Office.values:
            password = new_password()
            user = _account(names[office], password)
            Administrator.objects.create(user=user, office=office)
            made[office] = (user, password)
        for office, (user, _password) in made.items():
            record(Action.GRANTED, f"建立{Administrator.Office(office).label} {user.username}", subject=user)
    return made


def new_password() -> str:
    """A password for a first sign-in: long enough for any policy, without letters that are mistaken for others."""
    letters = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    while True:
        word = "".join(secrets.choice(letters) for _ in range(14)) + "-" + str(secrets.randbelow(90) + 10)
        if any(c.islower() for c in word) and any(c.isupper() for c in word):
            return word


def _account(username: str, password: str, name: str = "") -> User:
    user = User(username=username, name=name)
    user.set_password(password)
    user.full_clean(exclude=["password"])
    user.save()
    return user


@transaction.atomic
def open_account(actor: User, username: str, *, name: str = "") -> tuple[User, str]:
    """The system administrator opens an account; it may do nothing yet. Returns it with its first password."""
    _only(actor, Administrator.Office.SYSTEM)
    password = new_password()
    user = _account(username, password, name)
    record(Action.CHANGED, f"建立账号 {username}", actor=actor, subject=user)
    return user, password


@transaction.atomic
def close_account(actor: User, user: User, *, reason: str) -> None:
    """The system administrator closes an account; what it did stays under its name."""
    _only(actor, Administrator.Office.SYSTEM)
    if user == actor:
        raise ValidationError(_("不能停用自己的账号。"))
    user.is_active = False
    user.save(update_fields=["is_active"])
    record(Action.CHANGED, f"停用账号 {user.username}：{reason}", actor=actor, subject=user)


@transaction.atomic
def reset_password(actor: User, user: User) -> str:
    """The system administrator gives a new first password, which has to be changed at the next sign-in."""
    _only(actor, Administrator.Office.SYSTEM)
    password = new_password()
    user.set_password(password)
    user.must_change_password = True
    user.save(update_fields=["password", "must_change_password"])
    record(Action.CHANGED, f"重置口令 {user.username}", actor=actor, subject=user)
    return password


@transaction.atomic
def change_password(user: User, new: str) -> None:
    """A user's own change; the old password has been asked for."""
    validate_password(new, user)
    user.set_password(new)
    user.must_change_password = False
    user.save(update_fields=["password", "must_change_password"])
    record(Action.CHANGED, "修改口令", actor=user, subject=user)


@transaction.atomic
def appoint(actor: User, user: User, office: Administrator.Office) -> Administrator:
    """The security administrator makes somebody one of the three; nobody is two of them, and none does other work."""
    _only(actor, Administrator.Office.SECURITY)
    if Assignment.objects.on(timezone.localdate()).filter(user=user).exists():
        raise ValidationError(_("该用户承担业务工作，不能兼任管理员；请先结束其任职。"))
    try:
        with transaction.atomic():
            row = Administrator.objects.create(user=user, office=office)
    except IntegrityError as error:
        raise ValidationError(_("该用户已是管理员；系统、安全、审计三个管理员不得兼任。")) from error
    record(Action.GRANTED, f"任命{row.get_office_display()} {user.username}", actor=actor, subject=user)
    return row


@transaction.atomic
def dismiss(actor: User, row: Administrator) -> None:
    """The security administrator ends the office of one of the three, unless nobody else holds it."""
    _only(actor, Administrator.Office.SECURITY)
    others = Administrator.objects.filter(office=row.office, ended_at=None).exclude(pk=row.pk)
    if not others.exists():
        raise ValidationError(_("每类管理员至少要有一人。"))
    row.ended_at = timezone.now()
    row.save(update_fields=["ended_at"])
    record(Action.GRANTED, f"免去{row.get_office_display()} {row.user.username}", actor=actor, subject=row.user)


@transaction.atomic
def grant(
    actor: User, user: User, role: str, organisation: Organisation, *, starts_on: date, ends_on: date | None = None,
    region: Region | None = None, seat: Seat | None = None,
) -> Assignment:  # fmt: skip
    """The security administrator gives a user a role of the pack for a unit."""
    _only(actor, Administrator.Office.SECURITY)
    if user == actor:
        raise PermissionDenied(_("不能给自己授权。"))
    if user.administers:
        raise ValidationError(_("管理员不得承担业务工作。"))
    known = locality.role_of(role)
    if known is None:
        raise ValidationError(_("政策包中没有这个角色：%(role)s。") % {"role": role})
    if not _holds(known, organisation):
        raise ValidationError(
            _("%(unit)s 不承担角色“%(role)s”。") % {"unit": organisation.name, "role": known["name"]["zh"]}
        )
    if seat is not None and seat.organisation_id != organisation.pk:
        raise ValidationError(_("席位不属于该单位。"))
    if ends_on is not None and ends_on <= starts_on:
        raise ValidationError(_("结束日期应当晚于开始日期。"))
    try:
        with transaction.atomic():
            row = Assignment.objects.create(
                user=user, role=role, organisation=organisation, region=region, seat=seat,
                starts_on=starts_on, ends_on=ends_on, granted_by=actor,
            )  # fmt: skip
    except IntegrityError as error:
        raise ValidationError(_("该用户在该单位已有这个角色。")) from error
    record(
        Action.GRANTED, f"授予 {user.username} {organisation.name}“{known['name']['zh']}”", actor=actor, subject=user,
        detail={"assignment": row.pk, "role": role, "organisation": organisation.code, "starts_on": str(starts_on),
                "ends_on": str(ends_on) if ends_on else None, "region": region.code if region else None},
    )  # fmt: skip
    return row


def _holds(role: Mapping[str, Any], organisation: Organisation) -> bool:
    """Does the pack give the role to this unit, by itself or in a group? Roles that name no unit are open to all."""
    named = set(role.get("units") or ())
    return not named or organisation.code in named or organisation.groups.filter(code__in=named).exists()


@transaction.atomic
def end(actor: User, assignment: Assignment, *, on: date, reason: str) -> None:
    """The security administrator ends an assignment; the row stays."""
    _only(actor, Administrator.Office.SECURITY)
    if assignment.ends_on is not None and assignment.ends_on <= on:
        raise ValidationError(_("该任职已经结束。"))
    assignment.ends_on = max(on, assignment.starts_on)
    assignment.ended_by, assignment.reason = actor, reason
    assignment.save(update_fields=["ends_on", "ended_by", "reason"])
    record(
        Action.GRANTED, f"结束 {assignment.user.username} 在{assignment.organisation.name}的任职：{reason}",
        actor=actor, subject=assignment.user, detail={"assignment": assignment.pk, "on": str(assignment.ends_on)},
    )  # fmt: skip


@transaction.atomic
def hand_over(actor: User, leaving: User, successor: User, *, on: date) -> list[Assignment]:
    """Everything that a leaving officer holds goes to the successor on one day (接任者自然替补), in one step."""
    _only(actor, Administrator.Office.SECURITY)
    if leaving == successor:
        raise ValidationError(_("接任者不能是本人。"))
    held = Assignment.objects.select_for_update().filter(in_force(on), user=leaving)
    taken = []
    for row in held:
        end(actor, row, on=on, reason=_("移交 %(name)s") % {"name": successor.username})
        same = Assignment.objects.filter(
            in_force(on), user=successor, role=row.role, organisation=row.organisation
        ).exists()
        if not same:
            taken.append(
                grant(actor, successor, row.role, row.organisation, starts_on=on, region=row.region, seat=row.seat)
            )
    if not held:
        raise ValidationError(_("%(name)s 没有可移交的任职。") % {"name": leaving.username})
    record(
        Action.GRANTED, f"{leaving.username} 的工作移交 {successor.username}", actor=actor, subject=leaving,
        detail={"successor": successor.pk, "assignments": [a.pk for a in taken]},
    )  # fmt: skip
    return taken


def _only(actor: User, office: Administrator.Office) -> None:
    if not actor.is_active or actor.administers != office:
        raise PermissionDenied(_("只有%(office)s可以这样做。") % {"office": office.label})
