"""Checks of the organisation: every seat, duty and role stands on a unit of the pack."""

from __future__ import annotations

from panhuo.packs.checking import Checking


def check_organisation(check: Checking) -> None:
    """Units, task forces, duties, roles, divisions."""
    organisation = check.pack.organisation
    divisions = {d.id for d in organisation.divisions} | set(check.pack.meta.places)
    names: dict[str, str] = {}
    for unit in organisation.units:
        place = f"organisation.units.{unit.id}"
        check.check_units(place, "members", unit.members)
        if unit.division and unit.division not in divisions:
            check.unknown(place, "division", "行政区", "division", unit.division, divisions, warning=True)
        for name in {unit.id, unit.name.zh, *unit.aliases}:
            if names.setdefault(name, unit.id) != unit.id:
                zh = f"“{name}”既指“{names[name]}”又指“{unit.id}”，请改其中一个的名称或别名"
                en = f"'{name}' means both '{names[name]}' and '{unit.id}'; change a name or an alias"
                check.error(place, "aliases", "ambiguous", zh, en)
    for force in organisation.task_forces:
        place = f"organisation.task_forces.{force.id}"
        for key, seats in (
            ("head", [force.head]),
            ("deputies", force.deputies),
            ("seats", force.seats),
            ("office_head", [force.office_head]),
        ):
            check.check_units(place, key, [s.unit for s in seats if s is not None])
        check.check_units(place, "office", [force.office] if force.office else [])
    for duty in organisation.duties:
        check.check_units(f"organisation.duties.{duty.id}", "unit", [duty.unit])
    forces = {t.id for t in organisation.task_forces}
    for role in organisation.roles:
        place = f"organisation.roles.{role.id}"
        check.check_units(place, "units", role.units)
        if role.task_force and role.task_force not in forces:
            check.unknown(place, "task_force", "专班", "task force", role.task_force, forces)
