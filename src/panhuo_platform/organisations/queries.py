"""Reads of units, users and assignments; each gives what the asking user may see."""

from __future__ import annotations

from datetime import date

from django.db.models import Prefetch, Q, QuerySet

from panhuo_platform.organisations.models import (
    Administrator,
    Assignment,
    Organisation,
    Seat,
    TaskForce,
    User,
    UserRows,
)
from panhuo_platform.scope import in_force


def accounts(user: User, *, text: str = "", day: date) -> UserRows:
    """Accounts that the user may see, with their offices and their assignments of ``day``."""
    found = User.objects.visible_to(user)
    if text:
        found = found.filter(Q(username__icontains=text) | Q(name__icontains=text))
    offices = Administrator.objects.visible_to(user).filter(ended_at=None)
    held = Assignment.objects.visible_to(user).on(day).select_related("organisation", "region")
    return found.prefetch_related(Prefetch("offices", offices, to_attr="held_offices")).prefetch_related(
        Prefetch("assignments", held, to_attr="held_assignments")
    )


def account(user: User, username: str, *, day: date) -> User | None:
    """One account by its name, or None where there is none that the user may see."""
    return accounts(user, day=day).filter(username=username).first()


def assignments(user: User, *, text: str = "", role: str = "", ended: bool = False, day: date) -> QuerySet[Assignment]:
    """Assignments that the user may see: those of ``day``, or with ``ended`` also those that are over."""
    found = Assignment.objects.visible_to(user)
    if not ended:
        found = found.on(day)
    if role:
        found = found.filter(role=role)
    if text:
        found = found.filter(
            Q(user__username__icontains=text) | Q(user__name__icontains=text) | Q(organisation__name__icontains=text)
        )
    return found.select_related("user", "organisation", "region", "seat__task_force").order_by("organisation_id", "pk")


def organisations(user: User, *, day: date) -> QuerySet[Organisation]:
    """Units that exist on ``day``, with their members where they are groups."""
    units = Organisation.objects.visible_to(user).filter(in_force(day))
    return units.select_related("region").prefetch_related("members")


def task_forces(user: User) -> QuerySet[TaskForce]:
    """Leading groups and task forces with their seats."""
    seats = Seat.objects.visible_to(user).select_related("organisation")
    return TaskForce.objects.visible_to(user).select_related("office").prefetch_related(Prefetch("seats", seats))
