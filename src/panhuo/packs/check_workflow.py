"""Checks of calendar, programme and workflow: who, when, and whether every state can be reached."""

from __future__ import annotations

from panhuo.packs.check_conditions import check_node
from panhuo.packs.checking import Checking
from panhuo.packs.models import Chain
from panhuo.packs.vocabulary import CASE_FACTS, Kind, parcel_words


def check_workflow(check: Checking) -> None:
    """Deadlines, tasks, chains, reviews, publicity, filing."""
    _check_calendar(check)
    _check_programme(check)
    _check_reports(check)
    workflow = check.pack.workflow
    words = {**parcel_words(check.pack.indicators), **CASE_FACTS}
    for chain in workflow.chains:
        _check_chain(check, chain, words)
    for review in workflow.reviews:
        place = f"workflow.reviews.{review.id}"
        check.check_actors(place, "organiser", [review.organiser] if review.organiser else [])
        check.check_actors(place, "decides", review.decides)
        check.check_units(place, "units", [u.unit for u in review.units])
    for public in workflow.publicity:
        check.check_actors(f"workflow.publicity.{public.id}", "who", public.who)
    for filing in workflow.filing:
        place = f"workflow.filing.{filing.id}"
        check.check_actors(place, "who", filing.who)
        _check_event(check, place, "event", filing.event)


def _check_event(check: Checking, place: str, key: str, event: str | None) -> None:
    events = {e.id for e in check.pack.calendar.events}
    if event is not None and event not in events:
        check.unknown(place, key, "事件（calendar.yaml 的 events）", "event (in calendar.yaml)", event, events)


def _check_calendar(check: Checking) -> None:
    for deadline in check.pack.calendar.deadlines:
        place = f"calendar.deadlines.{deadline.id}"
        check.check_actors(place, "who", deadline.who)
        _check_event(check, place, "event", deadline.event)
        _check_event(check, place, "after", deadline.after.event if deadline.after else None)


def _check_programme(check: Checking) -> None:
    deadlines = {d.id: d for d in check.pack.calendar.deadlines}
    windows = {d.id for d in deadlines.values() if d.kind == "window"}
    for task in check.pack.programme.tasks:
        place = f"programme.tasks.{task.id}"
        for key in ("lead", "responsible", "cooperate"):
            check.check_actors(place, key, getattr(task, key))
        if task.deadline and task.deadline not in deadlines:
            check.unknown(place, "deadline", "时间节点", "deadline", task.deadline, deadlines)
        if task.stage and task.stage not in windows:
            check.unknown(place, "stage", "阶段（window 类时间节点）", "window of the calendar", task.stage, windows)


def _check_reports(check: Checking) -> None:
    pack = check.pack
    deadlines = {d.id for d in pack.calendar.deadlines}
    for report in pack.programme.reports:
        place = f"programme.reports.{report.id}"
        check.check_actors(place, "who", report.who)
        check.check_actors(place, "sent_to", report.sent_to)
        if report.deadline and report.deadline not in deadlines:
            check.unknown(place, "deadline", "时间节点", "deadline", report.deadline, deadlines)
        if report.template and report.template not in pack.templates:
            check.unknown(place, "template", "文书模板（documents/）", "template", report.template, pack.templates)
    formulas = {f.id for f in pack.incentives.formulas}
    for kpi in pack.programme.kpis:
        if kpi.formula and kpi.formula not in formulas:
            check.unknown(f"programme.kpis.{kpi.id}", "formula", "算法", "formula", kpi.formula, formulas)


def _check_chain(check: Checking, chain: Chain, words: dict[str, Kind]) -> None:
    place = f"workflow.chains.{chain.id}"
    states = {s.id: s for s in chain.states}
    if chain.start and chain.start not in states:
        check.unknown(place, "start", "状态", "state", chain.start, states)
        return
    readings = {r.id: r.options for r in check.pack.standard.readings}
    steps: dict[str, set[str]] = {name: set() for name in states}
    sound = True
    for number, step in enumerate(chain.transitions, start=1):
        where = f"{place}.transitions.{step.id}" if step.id else place
        key = None if step.id else "transitions"
        for name in (*step.from_, step.to):
            if name not in states:
                sound = False
                check.unknown(where, key, f"状态（第 {number} 个流转）", f"state (transition {number})", name, states)
        check.check_actors(where, "who", step.who)
        check.check_actors(where, "notifies", step.notifies)
        check_node(check, step.condition, words, where, readings)
        for name in step.from_:
            steps.setdefault(name, set()).add(step.to)
    if sound and chain.transitions:
        _check_reachable(check, chain, steps, place)


def _check_reachable(check: Checking, chain: Chain, steps: dict[str, set[str]], place: str) -> None:
    reached, todo = {chain.first}, [chain.first]
    while todo:
        for state in steps.get(todo.pop(), ()):
            if state not in reached:
                reached.add(state)
                todo.append(state)
    for one in chain.states:
        where = f"{place}.states.{one.id}"
        if one.id not in reached:
            zh = f"状态“{one.id}”从起始状态“{chain.first}”出发到不了，请补流转或删去该状态"
            en = f"state '{one.id}' cannot be reached from '{chain.first}': add a transition or drop the state"
            check.error(where, None, "unreachable", zh, en)
        elif not one.final and not steps.get(one.id):
            zh = f"状态“{one.id}”没有后续流转，又未标 final: true"
            en = f"nothing leads on from state '{one.id}', and it is not marked final: true"
            check.error(where, None, "dead_end", zh, en, warning=True)
        elif one.final and steps.get(one.id):
            zh = f"状态“{one.id}”标为 final，却还有后续流转"
            en = f"state '{one.id}' is final, yet a transition leads on"
            check.error(where, None, "final", zh, en, warning=True)
