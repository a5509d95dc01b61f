"""Roles and fields: the table somebody hands over, recognised."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panhuo.land.headers import read_header
from panhuo.land.schema import ROLES, guess_role, map_fields, role
from panhuo.messages import PanhuoError

PARCELS = ["ZDDM", "BDCDYH", "ZL", "ZDMJ", "YT", "QLLX", "QLXZ", "QLR", "QSXZ", "BZ"]
DLTB = (
    "BSM YSDM TBYBH TBBH DLBM DLMC QSXZ QSDWDM QSDWMC ZLDWDM ZLDWMC TBMJ KCDLBM KCXS KCMJ TBDLMJ GDLX GDPDJB XZDWKD "
    "TBXHDM TBXHMC ZZSXDM ZZSXMC GDDB FRDBS CZCSXM SJNF MSSM HDMC BZ"
)


def test_the_tables_are_whole() -> None:
    assert len(ROLES) == 20
    for r in ROLES.values():
        assert r.fields and r.zh and r.en
        assert r.key in {f.name for f in r.fields}
        names = [f.name for f in r.fields]
        assert len(set(names)) == len(names)
    assert ROLES["parcels"].required == ("parcel_code",)
    assert role("宗地（调查单元）").id == "parcels"
    with pytest.raises(PanhuoError, match="parcels"):
        role("nothing")
    with pytest.raises(PanhuoError, match="parcel_code"):
        ROLES["parcels"].field("nothing")


@pytest.mark.parametrize(
    ("name", "fields", "shapes", "expected"),
    [
        ("宗地", PARCELS, True, "parcels"),
        ("DLTB", DLTB.split(), True, "patches"),
        ("二调地类", ["BSM", "DLBM", "MJ"], True, "second_survey"),
        ("不动产登记", ["宗地代码", "不动产单元号", "权利人", "证件号", "登记面积(平方米)"], False, "registration"),
        ("规划用途", ["DKBH", "YDDM", "YDMC", "RJL"], True, "zones"),
        ("控制线", ["类型", "名称"], True, "control_lines"),
        ("更新改造范围", ["名称", "类型", "依据文件"], True, "renewal_areas"),
        ("退二进三", ["宗地代码", "企业名称"], False, "exit_list"),
        ("房屋", ["FWBH", "CS", "JCNF", "WFDJ"], True, "buildings"),
        ("企业名录", ["统一社会信用代码", "企业名称", "行业代码", "是否规上"], False, "enterprises"),
        ("经济指标", ["统一社会信用代码", "年份", "税收(万元)", "产值(万元)"], False, "economy"),
        ("亩产效益评价_2024", ["序号", "企业名称", "统一社会信用代码", "评价等级"], False, "yield_classes"),
        ("安全生产", ["信用代码", "检查日期", "是否达标", "检查单位"], False, "safety"),
        ("环保", ["信用代码", "检查日期", "是否达标", "检查单位"], False, "environment"),
        ("历史遗留用地", ["编号", "情形", "发生时间", "处罚文号"], True, "legacy"),
        ("争议", ["宗地代码", "类型", "状态"], False, "disputes"),
        ("问题诉求", ["宗地代码", "问题类型", "问题描述", "诉求", "责任单位"], False, "obstacles"),
        ("闲置土地", ["宗地代码", "认定日期"], False, "idle_land"),
        ("乡镇街道", ["XZQDM", "XZQMC"], True, "boundaries"),
        ("已上报地块_2025", ["DKBH", "MJ", "LB", "ND"], True, "reported"),
    ],
)
def test_every_role_is_recognised(name: str, fields: list[str], shapes: bool, expected: str) -> None:
    guesses = guess_role(name, fields, shapes)
    assert guesses[0][0] == expected
    assert guesses[0][1] > 0.6
    assert not map_fields(expected, fields).missing
    assert [s for _, s in guesses] == sorted((s for _, s in guesses), reverse=True)


@pytest.mark.parametrize(
    ("fields", "shapes", "expected"),
    [
        (PARCELS, True, "parcels"),
        (DLTB.split(), True, "patches"),
        (["统一社会信用代码", "企业名称", "国民经济行业代码", "产业目录类别"], False, "enterprises"),
        (["信用代码", "2023年税收（万元）", "2024年税收(万元)", "2024年营业收入（亿元）"], False, "economy"),
        (["宗地代码", "权利人", "是否抵押", "是否查封"], False, "registration"),
    ],
)
def test_a_layer_without_a_telling_name_is_known_by_its_fields(fields: list[str], shapes: bool, expected: str) -> None:
    assert guess_role("Sheet1", fields, shapes)[0][0] == expected


def test_a_table_of_nothing_known_has_no_role() -> None:
    assert guess_role("Sheet1", ["甲", "乙", "丙"], False) == []


def test_pinyin_codes_and_chinese_headers_give_the_same_fields() -> None:
    chinese = [
        "宗地代码",
        "不动产单元号",
        "坐落",
        "宗地面积",
        "用途",
        "权利类型",
        "权利性质",
        "权利人",
        "权属性质",
        "备注",
    ]
    assert set(map_fields("parcels", PARCELS).matches) == set(map_fields("parcels", chinese).matches)


@pytest.mark.parametrize(
    ("header", "name", "unit", "year"),
    [
        ("面积（亩）", "declared_area_m2", "mu", None),
        ("宗地面积(㎡)", "declared_area_m2", "m2", None),
        ("用地面积_公顷", "declared_area_m2", "hectare", None),
        ("占地面积/亩", "declared_area_m2", "mu", None),
        ("登记信息/用途", "registered_use", None, None),
        ("*宗地代码", "parcel_code", None, None),
        ("１．宗地代码：", "parcel_code", None, None),
        (" 宗 地 代 码 ", "parcel_code", None, None),
        ("zddm", "parcel_code", None, None),
        ("统一社会信", "credit_code", None, None),
        ("权利人（单位名称）", "holder_name", None, None),
        ("所在镇(街道)", "township_name", None, None),
        ("土地证编号/不动产权证号", "registration_no", None, None),
        ("实际开工日期", "actual_start_date", None, None),
    ],
)
def test_headers_as_they_come(header: str, name: str, unit: str | None, year: int | None) -> None:
    found = map_fields("parcels", [header])
    assert list(found.matches) == [name]
    assert (found.matches[name].unit, found.matches[name].year) == (unit, year)


@pytest.mark.parametrize(
    ("header", "name", "unit", "year"),
    [
        ("税收(万元)", "tax_wan", "wan_yuan", None),
        ("2024年税收", "tax_wan", None, 2024),
        ("2024年度入库税金（亿元）", "tax_wan", "yi_yuan", 2024),
        ("税收/2023年", "tax_wan", None, 2023),
        ("工业总产值（单位：万元）", "output_wan", "wan_yuan", None),
        ("综合能耗(吨标准煤)", "energy_tce", "tce", None),
        ("用电量(万千瓦时)", "electricity_kwh", "wan_kWh", None),
        ("R&D经费（万元）", "rd_wan", "wan_yuan", None),
        ("年平均职工人数(人)", "staff", "persons", None),
    ],
)
def test_economic_headers(header: str, name: str, unit: str | None, year: int | None) -> None:
    match = map_fields("economy", [header]).matches[name]
    assert (match.unit, match.year) == (unit, year)


def test_years_side_by_side_are_one_field_with_the_latest_in_front() -> None:
    found = map_fields("economy", ["信用代码", "2023年税收（万元）", "2024年税收(万元)", "2022年税收(万元)"])
    assert found.column("tax_wan") == "2024年税收(万元)"
    assert dict(found.years["tax_wan"]) == {
        2022: "2022年税收(万元)",
        2023: "2023年税收（万元）",
        2024: "2024年税收(万元)",
    }
    assert found.unused == ()


def test_gdmj_is_the_supplied_area_only_where_nothing_better_is_there() -> None:
    alone = map_fields("parcels", ["ZDDM", "GDMJ"]).matches["declared_area_m2"]
    assert alone.column == "GDMJ"
    assert alone.doubtful
    both = map_fields("parcels", ["ZDDM", "GDMJ", "ZDMJ"]).matches["declared_area_m2"]
    assert both.column == "ZDMJ"
    assert ("GDMJ", pytest.approx(0.62)) in both.rivals
    assert "GDMJ" in map_fields("patches", ["BSM", "DLBM", "GDMJ"]).unused


def test_a_rival_as_good_is_doubtful() -> None:
    match = map_fields("parcels", ["宗地代码", "宗地编号"]).matches["parcel_code"]
    assert match.rivals
    assert match.doubtful


def test_what_a_person_said_is_taken() -> None:
    found = map_fields("parcels", ["A", "ZDDM", "B"], given={"parcel_code": "A"})
    assert found.column("parcel_code") == "A"
    assert found.columns == {"parcel_code": "A"}
    assert map_fields("parcels", ["ZDDM"], given={"parcel_code": "no such"}).column("parcel_code") == "ZDDM"


def test_what_is_missing_is_named() -> None:
    found = map_fields("patches", ["BSM", "DLMC"])
    assert found.missing == ("land_class",)
    assert "patch_code" in found and "land_class" not in found
    assert found.column("land_class") is None


@given(st.text(max_size=30))
def test_no_header_breaks_the_reader(text: str) -> None:
    header = read_header(text)
    assert header.raw == text
    map_fields("parcels", [text, "ZDDM"])


@given(
    st.lists(st.sampled_from([*PARCELS, "GDMJ", "面积（亩）", "宗地编号", "Z", "2024年税收"]), unique=True, max_size=12)
)
def test_no_column_serves_two_fields(fields: list[str]) -> None:
    found = map_fields("parcels", fields)
    columns = [m.column for m in found.matches.values()]
    assert len(set(columns)) == len(columns)
    assert set(columns).isdisjoint(found.unused)


@pytest.mark.parametrize("role_id", ROLES)
def test_every_field_is_known_by_its_own_names(role_id: str) -> None:
    """What we write ourselves we read again, the fields too whose names end in a unit."""
    names = [n for f in role(role_id).fields for n in (f.name, f.zh)]
    found = {n: list(map_fields(role_id, [n]).matches) for n in names}
    assert found == {n: [f.name] for f in role(role_id).fields for n in (f.name, f.zh)}
