"""A run over the register: what the library finds is what the tables hold."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from identification_scene import DAY, Scene

from panhuo.identify import explanation_of, identify, load
from panhuo.identify.store import load_row
from panhuo.messages import PanhuoError
from panhuo.packs import NewValue
from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.identification import inputs, loading, trials
from panhuo_platform.identification.commands import runs
from panhuo_platform.identification.jobs import identify_register
from panhuo_platform.identification.models import Due, Run, Verdict
from panhuo_platform.identification.queries import whatif
from panhuo_platform.identification.queries.card import card
from panhuo_platform.identification.queries.runs import papers, totals
from panhuo_platform.jobs import commands as jobs_commands
from panhuo_platform.jobs.running import Running
from panhuo_platform.parcels.models import Parcel


def test_a_run_gives_every_parcel_its_verdict(run: Run, scene: Scene) -> None:
    rows = Verdict.objects.filter(run=run)
    assert rows.count() == Parcel.objects.alive().count() == scene.parcels[0].height
    counts = {o: rows.filter(outcome=o).count() for o in run.manifest["counts"] if o != "delivered"}
    assert counts == {k: v for k, v in run.manifest["counts"].items() if k != "delivered"}
    assert counts["identified"] > 10
    for verdict in rows.select_related("parcel"):
        assert (verdict.parcel.outcome, verdict.parcel.main_class) == (verdict.outcome, verdict.main_class)
        assert verdict.parcel_version_id == verdict.parcel.current_id
    assert Due.objects.filter(run=run).exists()


def test_a_run_needs_a_standard_in_force_and_the_right(office: Any, district: Any, fill: Any) -> None:
    fill()
    with pytest.raises(ValidationError, match="没有施行中的认定标准"):
        runs.start(office, on=DAY)
    with pytest.raises(PermissionDenied):
        runs.start(district.user("gu", "township", "guyang"), on=DAY)
    with pytest.raises(PermissionDenied):
        runs.start(district.user("shui", "department", "shuiwu"), on=DAY)


def test_an_empty_register_is_said_and_leaves_nothing(office: Any, standard: Any, run_jobs: Any) -> None:
    made = runs.start(office, on=DAY)
    with pytest.raises(ValidationError, match="还在运行"):
        runs.start(office, on=DAY)
    (job,) = run_jobs()
    made.refresh_from_db()
    assert (job.state, made.state) == ("failed", "failed") and "没有宗地" in job.error
    runs.start(office, on=DAY)  # a failed one holds nobody up


@pytest.mark.django_db(transaction=True)
def test_a_run_that_dies_while_loading_leaves_the_register_as_it_was(
    emptied: None, fill: Any, standard: Any, office: Any, run_jobs: Any, surveyed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of a half-loaded run is seen; begun again, it goes on from the finished survey and loads once."""
    from panhuo_platform.identification import jobs

    fill()
    made = runs.start(office, on=DAY)
    kept = surveyed / "kept"
    if kept.is_dir():
        monkeypatch.setattr(
            jobs,
            "run_survey",
            lambda config, progress: [
                shutil.copytree(kept / n, config.folder / n, dirs_exist_ok=True) for n in ("成果", ".成果.work")
            ],
        )
    real = loading._dues

    def dies(*_given: Any) -> None:
        raise RuntimeError("the machine died")

    monkeypatch.setattr(loading, "_dues", dies)
    (job,) = run_jobs()
    assert job.state == "failed"
    made.refresh_from_db()
    assert made.state == "failed" and not Verdict.objects.exists()
    assert set(Parcel.objects.values_list("outcome", flat=True)) == {""}
    monkeypatch.setattr(loading, "_dues", real)
    jobs_commands.again(office, job)
    (job,) = run_jobs()
    assert job.state == "done", job.error
    made.refresh_from_db()
    assert made.state == "loaded" and Verdict.objects.count() == Parcel.objects.count()
    assert identify_register(Running(job, alone=True), run=made.pk)["delivered"] == Verdict.objects.count()
    assert Verdict.objects.count() == Parcel.objects.count(), "doing it twice changes nothing"
    shutil.rmtree(made.folder, ignore_errors=True)


def test_results_that_do_not_match_the_register_are_not_loaded(run: Run) -> None:
    index = inputs.index_of(run)
    index.head(index.height - 1).write_parquet(run.folder / inputs.INPUTS / inputs.INDEX)
    with pytest.raises(PanhuoError, match="对不上"):
        loading.verdict_rows(run)


def test_the_card_tells_what_the_library_tells(run: Run, office: Any) -> None:
    """Value, threshold, clause, source and date of each condition; what is missing and who has it; what would flip."""
    whole = load(run.evidence)
    for outcome in ("identified", "unknown", "not", "excluded"):
        verdict = Verdict.objects.filter(run=run, outcome=outcome).select_related("parcel").first()
        if verdict is None:
            continue
        told = card(office, verdict.parcel)
        assert told is not None
        expected = explanation_of(whole, verdict.parcel.code)
        assert told["outcome_text"]["zh"] == expected.outcome_text.zh
        lines = [line for section in told["sections"] for line in section["lines"]]
        assert len(lines) == sum(len(s.lines) for s in expected.sections)
        assert [c["zh"] for c in told["changes"]] == [said.zh for _c, said in expected.changes]
        assert [m["item"] for m in told["missing"]] == [m.item for m in expected.missing]
        assert any(f["layer"] and f["date"] for line in lines for f in line["facts"])
        assert json.loads(json.dumps(told)) == told, "it can be kept as it is"
        if outcome == "identified":
            assert any(line["decides"] and line["clause"] for line in lines)
        if outcome == "unknown":
            assert told["missing"] and all(m["ask"] for m in told["missing"])


def test_a_parcel_is_read_out_of_many_without_reading_the_others(run: Run) -> None:
    row = Verdict.objects.filter(run=run, row__gt=400).order_by("row").first()
    assert row is not None
    one = load_row(run.evidence, row.row)
    assert one.frame.height == one.facts.height == one.evidence.height == 1
    assert load_row(run.evidence, 10**6).frame.is_empty()


def test_what_if_says_what_a_new_run_would_find(run: Run, office: Any, district: Any) -> None:
    chosen = [
        s for s in whatif.sliders(run) if s.id in ("standard.conditions.sparse:lt", "standard.conditions.vacant:ge")
    ]
    values = [NewValue(s.entry, s.key, float(s.value or 0) * 1.5) for s in chosen]
    answer = whatif.ask(office, run, values)
    facts = load(run.evidence)
    after = identify(facts.facts, trials.other(run, values), sources=facts.sources)
    before, now = facts.frame["outcome"], after.frame["outcome"]
    turned = (before != now) | facts.frame["main_class"].ne_missing(after.frame["main_class"])
    assert answer.flipped == turned.sum() > 0
    counts = {c["outcome"]: c["parcels"] for c in answer.counts()}
    assert counts == {o: int((now == o).sum()) for o in counts}
    assert set(answer.tried.judged) == {"sparse", "vacant"}
    assert answer.tried.flips["parcel_code"].n_unique() == answer.flipped
    assert whatif.ask(office, run, []).flipped == 0
    with pytest.raises(PermissionDenied):
        whatif.ask(district.user("gu", "township", "guyang"), run, values)
    with pytest.raises(PanhuoError, match="没有可设定"):
        whatif.ask(office, run, [NewValue("standard.conditions.x", "lt", 1.0)])


def test_papers_are_for_those_who_see_everything_and_fetching_is_audited(run: Run, office: Any, district: Any) -> None:
    names = [p.name for p in papers(office, run)]
    assert {"两库一清单.gpkg", "汇总表.xlsx", "调查报告.docx"} <= set(names)
    town = district.user("gu", "township", "guyang")
    assert papers(town, run) == []
    with pytest.raises(ObjectDoesNotExist):
        runs.fetch_paper(town, run, "汇总表.xlsx")
    with pytest.raises(ObjectDoesNotExist):
        runs.fetch_paper(office, run, "../政策包.json")
    runs.fetch_paper(office, run, "汇总表.xlsx")
    event = AuditEvent.objects.latest("number")
    assert (event.action, event.actor) == ("exported", office) and "汇总表.xlsx" in event.told
    assert sum(t["parcels"] for t in totals(town, run)) == Parcel.objects.filter(township_code="990112001").count()


def test_a_run_is_fed_with_the_accepted_layers(
    scene: Scene, standard: Any, office: Any, fill: Any, run_jobs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What departments delivered and the office accepted reaches the survey as it was understood; nothing else does."""
    from panhuo.survey.config import load_config
    from panhuo.survey.deliver import deliver
    from panhuo.survey.run import pack_of
    from panhuo.survey.settings import check_settings
    from panhuo_platform.deliveries import commands as deliveries
    from panhuo_platform.deliveries import queries
    from panhuo_platform.organisations.models import Organisation

    real = inputs.delivered
    count = fill()
    monkeypatch.setattr(inputs, "delivered", real)
    (path,) = (scene.folder / i.path for i in load_config(scene.folder).inputs if i.role == "economy")
    row = deliveries.take_in(office, path, sender=Organisation.objects.get(code="shuiwu"), title="税收")
    run_jobs()
    (layer,) = row.layers.all()
    deliveries.describe_layer(office, layer, role="economy", year=2025, issued=DAY)
    deliveries.check(office, row)
    run_jobs()
    made = runs.start(office, on=DAY)
    assert [g.role for g in inputs.delivered(made)] == [], "not before it is accepted"
    row.refresh_from_db()
    deliveries.accept_layers(office, row)
    layer.refresh_from_db()
    survey = inputs.prepare(made, lambda *_: None)
    first = survey.stat().st_mtime_ns
    assert inputs.prepare(made, lambda *_: None).stat().st_mtime_ns == first, "begun again, it finds what it wrote"
    config = load_config(survey)
    assert [i.role for i in config.inputs] == ["parcels", "economy"]
    sources = deliver(config, check_settings(config, pack_of(config))).sources
    assert len(sources.subjects("parcels")[0]) == count
    (economy,) = sources.subjects("economy")
    understood, _shapes = queries.frame(layer)
    assert economy.frame["credit_code"].to_list() == understood["credit_code"].to_list()
    assert "区税务局" in economy.layer.source and economy.issued == DAY
    made.refresh_from_db()
    assert [i["role"] for i in made.inputs] == ["parcels", "economy"]
    shutil.rmtree(made.folder, ignore_errors=True)


def test_an_empty_list_says_that_there_is_nothing_of_the_kind(
    standard: Any, office: Any, fill: Any, run_jobs: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nobody sent a list: nobody knows. An empty one was sent: no parcel is idle."""
    from panhuo_platform.deliveries import commands as deliveries
    from panhuo_platform.organisations.models import Organisation

    real = inputs.delivered
    fill()
    monkeypatch.setattr(inputs, "delivered", real)
    book = openpyxl.Workbook()
    book.active.append(["宗地代码", "认定日期"])
    book.save(tmp_path / "闲置土地.xlsx")

    def known() -> list[bool | None]:
        made = runs.start(office, on=DAY)
        (job,) = run_jobs()
        assert job.state == "done", job.error
        made.refresh_from_db()
        facts = load(made.evidence).facts
        shutil.rmtree(made.folder, ignore_errors=True)
        return facts["is_idle_land"].unique().to_list() if "is_idle_land" in facts.columns else [None]

    assert known() == [None]
    sender = Organisation.objects.get(code="ziran")
    row = deliveries.take_in(office, tmp_path / "闲置土地.xlsx", sender=sender, title="闲置土地")
    run_jobs()
    deliveries.describe_layer(office, row.layers.get(), role="idle_land", issued=DAY)
    deliveries.check(office, row)
    run_jobs()
    row.refresh_from_db()
    deliveries.accept_layers(office, row)
    assert known() == [False]
