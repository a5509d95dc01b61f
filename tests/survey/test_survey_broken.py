"""Hostile users and unlucky contractors: nothing is lost, and what is not known is never taken for no."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
import shapely
from scene import ZONE, X, Y, code, parcels, place, subject

from panhuo.exchange import Layer
from panhuo.land.values import normalise
from panhuo.messages import PanhuoError
from panhuo.survey import SurveyConfig, load_config, run
from panhuo.survey.config import Input
from panhuo.survey.deliver import roots, understand
from panhuo.survey.lock import alone
from panhuo.survey.measure import firms, plan, registration
from panhuo.survey.results import assemble, examine
from panhuo.survey.stages import Stages

BOX = (0.0, 0.0, 100.0, 100.0)
BESIDE = (200.0, 0.0, 300.0, 100.0)


def written(folder: Path, more: str = "", results: str = "成果", path: str = "交付/宗地.shp") -> Path:
    text = f"title: 试\npack: demo\non: 2026-11-21\ninputs:\n- {{path: '{path}', role: parcels}}\nresults: {results}\n"
    (folder / "survey.yaml").write_text(text + more, encoding="utf-8")
    return folder


# --- what survey.yaml may ask for


@pytest.mark.parametrize("name", ["交付", "..", ".", "a/b", r"a\b", "/tmp", "''", "survey.yaml", ".成果"])
def test_results_cannot_replace_anything_else(tmp_path: Path, name: str) -> None:
    with pytest.raises(PanhuoError, match=r"results|成果"):
        load_config(written(tmp_path, results=name))


@pytest.mark.parametrize(
    "more",
    ["checks: {A06.share: abc}\n", "skip: [1]\n", "years: {economy: abc}\n", "language: fr\n", "readings: {a: 1}\n"],
)
def test_values_of_the_wrong_kind_are_named_with_their_line(tmp_path: Path, more: str) -> None:
    with pytest.raises(PanhuoError, match=r"survey\.yaml:7"):
        load_config(written(tmp_path, more))


def test_a_day_that_the_calendar_does_not_have(tmp_path: Path) -> None:
    file = written(tmp_path) / "survey.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("2026-11-21", "2026-02-29"), encoding="utf-8")
    with pytest.raises(PanhuoError, match="日期"):
        load_config(file)


def test_an_input_that_is_no_mapping_is_not_dropped_silently(tmp_path: Path) -> None:
    file = written(tmp_path) / "survey.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("inputs:\n", "inputs:\n- 宗地.shp\n"), encoding="utf-8")
    with pytest.raises(PanhuoError, match=r"survey\.yaml:5"):
        load_config(file)


@pytest.mark.parametrize("path", [r"交付\宗地.shp", "./交付/宗地.shp", "交付/../交付/宗地.shp", "{here}/交付/宗地.shp"])
def test_a_path_may_be_written_in_several_ways(tmp_path: Path, path: str) -> None:
    config = load_config(written(tmp_path, path=path.format(here=tmp_path)))

    assert config.inputs[0].path == "交付/宗地.shp"
    assert roots(config) == (tmp_path / "交付",)


def test_an_input_elsewhere_opens_only_itself(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "all.zip").write_bytes(b"PK")

    config = load_config(written(tmp_path / "here", path="../beside/all.zip/宗地.shp"))

    assert [r.resolve() for r in roots(config)] == [tmp_path / "beside" / "all.zip"]


# --- one run at a time, and results that stay


def test_a_second_run_says_so_and_a_dead_one_does_not_block(tmp_path: Path) -> None:
    lock = tmp_path / ".成果.lock"
    lock.write_text("999999")  # left by a run that was killed

    with alone(lock), pytest.raises(PanhuoError, match=rf"进程（{os.getpid()}）"), alone(lock):
        pass

    assert not lock.exists()


def test_a_lock_is_seen_by_another_process(tmp_path: Path) -> None:
    told = "from pathlib import Path\nfrom panhuo.survey.lock import alone\nwith alone(Path('x.lock')): print('in')"

    with alone(tmp_path / "x.lock"):
        other = subprocess.run([sys.executable, "-c", told], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert other.returncode == 1
    assert "in" not in other.stdout.split()


def config_in(folder: Path) -> SurveyConfig:
    return SurveyConfig(folder / "survey.yaml", "试", "demo", date(2026, 11, 21), (Input("x", "parcels"),))


def put(folder: Path, text: str) -> Path | None:
    part = folder / "part"
    part.mkdir(exist_ok=True)
    (part / "报告.txt").write_text(text, encoding="utf-8")
    return assemble(config_in(folder), {"report": part}, {"title": "试"})


def test_what_people_did_in_the_results_is_kept(tmp_path: Path) -> None:
    assert put(tmp_path, "one") is None
    (tmp_path / "成果" / "报告.txt").write_text("改过", encoding="utf-8")
    (tmp_path / "成果" / "备注.txt").write_text("备注", encoding="utf-8")
    (tmp_path / "成果" / "~$报告.docx").write_text("", encoding="utf-8")

    kept = put(tmp_path, "two")
    again = put(tmp_path, "three")

    assert kept == tmp_path / "成果-留存"
    assert again is None
    assert {p.name: p.read_text(encoding="utf-8") for p in kept.iterdir()} == {"报告.txt": "改过", "备注.txt": "备注"}
    assert (tmp_path / "成果" / "报告.txt").read_text(encoding="utf-8") == "three"


def test_a_folder_that_is_no_result_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "成果").mkdir()
    examine(config_in(tmp_path))  # an empty one may be used
    (tmp_path / "成果" / "合同.pdf").write_text("dear")

    with pytest.raises(PanhuoError, match="不是调查成果"):
        examine(config_in(tmp_path))


def test_results_that_cannot_be_finished_leave_the_old_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "one")
    (tmp_path / "成果" / "备注.txt").write_text("备注", encoding="utf-8")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("panhuo.survey.results.place", full)
    with pytest.raises(OSError, match="No space"):
        put(tmp_path, "two")

    assert sorted(p.name for p in tmp_path.iterdir()) == ["part", "成果"]
    assert (tmp_path / "成果" / "报告.txt").read_text(encoding="utf-8") == "one"
    assert (tmp_path / "成果" / "备注.txt").exists()


def test_a_stage_that_lost_a_file_is_made_again(tmp_path: Path) -> None:
    stages = Stages(tmp_path)
    made = stages.make("check", "key", lambda folder: folder.joinpath("a.txt").write_text("a") and None)
    assert stages.done("check", "key") == made

    (made / "a.txt").unlink()

    assert stages.done("check", "key") is None


def test_a_pack_without_a_standard_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    config = replace(load_config(written(tmp_path)), pack="national-2023")

    with pytest.raises(PanhuoError, match="没有认定标准"):
        run(config, progress=lambda *_: pytest.fail("something was read"))


def test_an_unknown_reading_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(PanhuoError, match="nonsense"):
        run(load_config(written(tmp_path, "readings: {nonsense: any}\n")), progress=lambda *_: pytest.fail("read"))


# --- what is not known is not no


def measured(*layers: object, **rules: int) -> pl.DataFrame:
    sources, gathered = place(*layers)  # type: ignore[arg-type]
    return firms.measure_firms(sources, gathered.parcels, firms.Rules(**rules)).frame


def two_firms(**columns: list[object]) -> object:
    return subject(
        "enterprises", {"credit_code": ["A1", "B2"], "parcel_code": [code(1), code(1)], **columns}
    )  # fmt: skip


def test_a_firm_of_unknown_size_may_be_above_the_scale() -> None:
    told = measured(parcels([BOX]), two_firms(above_scale=["否", None]))
    assert told["above_scale"].to_list() == [None]


def test_a_firm_without_figures_makes_the_sum_unknown_and_not_smaller() -> None:
    economy = subject("economy", {"credit_code": ["A1"], "year": [2025], "tax_wan": [10.0]})
    told = measured(parcels([BOX]), two_firms(), economy)
    assert told["tax_wan"].to_list() == [None]


def test_a_firm_without_a_credit_code_is_still_there() -> None:
    listed = subject("enterprises", {"credit_code": [None], "parcel_code": [code(1)]})
    checked = subject("safety", {"credit_code": ["Z9"], "compliant": ["是"]})
    yields = subject("yield_classes", {"credit_code": ["Z9"], "year": [2025], "yield_class": ["A"]})

    told = measured(parcels([BOX, BESIDE]), listed, checked, yields)

    assert told["enterprise_count"].to_list() == [1, 0]
    assert told["safety_compliant"].to_list() == [None, True]
    assert told["yield_class"].to_list() == [None, firms.NO_ENTERPRISE]


def test_the_silence_of_another_years_list_says_nothing() -> None:
    yields = subject("yield_classes", {"credit_code": ["A1"], "year": [2025], "yield_class": ["A"]})
    layers = (parcels([BOX]), two_firms(), yields)

    assert "yield_class" in measured(*layers, yield_year=2025).columns
    assert "yield_class" not in measured(*layers, yield_year=2030).columns


@pytest.mark.parametrize(("beside", "said"), [("A", None), ("D", "限制发展类")])
def test_an_unreadable_class_may_be_a_bad_one(beside: str, said: str | None) -> None:
    yields = subject("yield_classes", {"credit_code": ["A1", "B2"], "year": [2025] * 2, "yield_class": ["？", beside]})
    assert measured(parcels([BOX]), two_firms(), yields)["yield_class"].to_list() == [said]


def test_what_a_firm_has_on_a_parcel_that_goes_back_is_no_tax_of_the_others() -> None:
    sources, gathered = place(
        subject("parcels", {"parcel_code": [code(1), code(2), code(2)]}, [BOX, BESIDE, (400, 0, 500, 100)]),
        subject("enterprises", {"credit_code": ["A1"], "parcel_code": [f"{code(1)}、{code(2)}"]}),
    )
    away = gathered.everything.filter(pl.col("reason") == "same_code").select(
        "parcel_code", pl.col("area_m2").alias("area")
    )

    link = firms.links(sources, gathered.parcels, away.head(1))

    assert link["row"].to_list() == [0]
    assert link["weight"].to_list() == pytest.approx([0.5], rel=1e-6)


def test_registration_by_the_units_code_counts() -> None:
    unit = code(1) + "F00010001"
    sources, gathered = place(parcels([BOX, BESIDE]), subject("registration", {"unit_code": [unit]}))
    form = registration.measure_form(gathered.parcels, firms.source_of(()))

    told = registration.measure_registration(sources, gathered.parcels, form)

    assert told.frame["is_registered"].to_list() == [True, False]


def test_lists_without_a_single_code_say_nothing() -> None:
    sources, gathered = place(
        parcels([BOX]),
        subject("registration", {"parcel_code": [None], "holder_name": ["某公司"]}),
        subject("disputes", {"parcel_code": [None], "kind": ["权属"]}),
        subject("idle_land", {"parcel_code": [None]}),
        subject("exit_list", {"parcel_code": [None]}),
    )
    form = registration.measure_form(gathered.parcels, firms.source_of(()))

    rights = registration.measure_registration(sources, gathered.parcels, form).frame.columns

    assert "is_registered" not in rights
    assert "in_dispute" not in rights
    assert registration.measure_idle(sources, gathered.parcels).frame.columns == ["_row"]
    assert plan.measure_exit_list(sources, gathered.parcels, plan.Rules()).frame.columns == ["_row"]


def test_an_empty_register_was_not_delivered_and_an_empty_list_says_none() -> None:
    nothing: dict[str, list[str]] = {"parcel_code": []}
    sources, _ = place(parcels([BOX]), subject("registration", nothing), subject("idle_land", nothing))

    assert not sources.spoken().has("registration")
    assert sources.spoken().has("idle_land")


def test_a_few_townships_are_not_the_county() -> None:
    named = {"township_code": ["990112001", "990112002"]}
    one = subject("boundaries", {"division_code": ["990112001"], "division_name": ["甲"]}, [(-10, -10, 110, 110)])
    county = subject("boundaries", {"division_code": ["990112"], "division_name": ["县"]}, [(-10, -10, 110, 110)])

    _, few = place(parcels([BOX, BESIDE], **named), one)
    _, whole = place(parcels([BOX, BESIDE], **named), county)

    assert few.everything["reason"].to_list() == [None, None]
    assert whole.everything["reason"].to_list() == [None, "outside"]


def test_rows_of_a_table_of_parcels_do_not_vanish() -> None:
    _, gathered = place(parcels([BOX]), subject("parcels", {"parcel_code": [code(7), code(8)]}))

    assert gathered.delivered == 3
    assert gathered.everything["reason"].to_list() == [None, "no_shape", "no_shape"]


def test_a_layer_without_parcels_is_said_plainly() -> None:
    with pytest.raises(PanhuoError, match="没有一条记录"):
        place(subject("parcels", {"parcel_code": []}, []))


def test_a_number_too_large_is_not_understood() -> None:
    whole = normalise(pl.Series("n", [1e300, float("inf"), 7.0]), "int")
    written_out = normalise(pl.Series("n", ["1e999", "3"]), "number")

    assert whole.values.to_list() == [None, None, 7]
    assert whole.bad.to_list() == [True, True, False]
    assert written_out.values.to_list() == [None, 3.0]
    assert written_out.bad.to_list() == [True, False]


def test_swapped_axes_cost_their_shapes_and_not_the_run() -> None:
    layer = Layer(
        name="宗地",
        source="宗地.gpkg",
        driver="gpkg",
        table=pl.DataFrame({"parcel_code": [code(1), code(2)]}).to_arrow(),
        geometry=pa.array(
            [
                shapely.to_wkb(shapely.box(Y, X, Y + 100, X + 100)),
                shapely.to_wkb(shapely.box(X, Y, X + 100, Y + 100)),
            ],
            pa.large_binary(),
        ),
        crs=ZONE,
    )

    found, findings = understand(Input("宗地.gpkg", "parcels"), layer, ZONE)

    assert found.area_m2 is not None
    assert found.area_m2[1] == pytest.approx(10_000, rel=1e-3)
    assert not found.area_m2[0] > 0
    told = findings.filter(pl.col("code") == "D03")
    assert told["count"].to_list() == [1]


# --- the whole road


def test_a_missing_list_moves_outcomes_only_to_unknown(copied: Callable[[], Path]) -> None:
    folder = copied()
    file = folder / "survey.yaml"
    before = run(load_config(folder)).verdicts().frame.select("parcel_code", "outcome")
    lines = file.read_text(encoding="utf-8").split("\n")
    start = next(i for i, line in enumerate(lines) if "经济指标" in line)
    end = next(i for i in range(start + 1, len(lines)) if lines[i].startswith("- "))
    file.write_text("\r\n".join(lines[:start] + lines[end:]), encoding="utf-8-sig")

    result = run(load_config(folder))

    after = result.verdicts().frame.select("parcel_code", pl.col("outcome").alias("now"))
    moved = before.join(after, on="parcel_code").filter(pl.col("outcome") != pl.col("now"))
    assert result.balance.holds
    assert moved.height
    assert moved["now"].unique().to_list() == ["unknown"]
    placed = json.loads((result.folder / "清单.json").read_text(encoding="utf-8"))["results"]
    assert "两库一清单.gpkg" in placed
