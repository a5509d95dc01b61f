"""Land classes with their scheme, industries, rights and the short lists."""

from __future__ import annotations

import polars as pl
import pytest

from panhuo.land.codes import (
    CODE_LISTS,
    DIVISIONS,
    SCHEMES,
    SECTIONS,
    big_class,
    class_name,
    classes,
    code_list,
    find_class,
    guess_scheme,
    industry_division,
    industry_section,
    is_construction,
    is_farmland,
    is_industry,
    is_item,
    is_known,
    item_code,
    item_name,
    land_class,
    land_group,
    normalise_code,
    normalise_codes,
    ownership_kind,
    scheme,
)
from panhuo.land.roles import ROLES
from panhuo.messages import PanhuoError


def column(expr: pl.Expr, values: list[str | None]) -> list[object]:
    return pl.DataFrame({"c": values}, schema={"c": pl.String}).select(expr).to_series().to_list()


C = pl.col("c")


def test_the_classifications_are_whole() -> None:
    first = [c for c in classes("gbt21010") if len(c) == 2]
    assert (len(first), len(classes("gbt21010")) - len(first)) == (12, 73)  # GB/T 21010-2017: 12 and 73
    assert (len(SECTIONS), len(DIVISIONS)) == (20, 97)  # GB/T 4754-2017
    for s in SCHEMES:
        for c in classes(s).values():
            assert c.parent is None or c.parent in classes(s)
            if c.parent and classes(s)[c.parent].group:
                assert c.group is not None
    leaves = [c for c in classes("survey3").values() if len(c.code) > 2]
    assert all(c.group and c.big for c in leaves)


def test_one_number_two_meanings() -> None:
    assert land_class("三调", "1001").zh == "铁路用地"
    assert land_class("用地用海", "1001").zh == "工业用地"
    assert land_class("GB/T 21010-2017", "0602").zh == "采矿用地"
    assert land_class("landsea2023", "0602").zh == "设施农用地"
    with pytest.raises(PanhuoError, match="三调"):
        land_class("survey3", "0501")
    with pytest.raises(PanhuoError, match="survey2"):
        scheme("四调")
    assert find_class("survey2", "9999") is None


@pytest.mark.parametrize(
    ("code", "name", "group", "parent"),
    [
        ("05H1", "商业服务业设施用地", "商服", "05"),
        ("0508", "物流仓储用地", "仓储", "05"),
        ("08H2A", "高教用地", "公服", "08H2"),
        ("0201K", "可调整果园", "农用", "0201"),
        ("1104A", "养殖坑塘", "农用", "1104"),
        ("0603", "盐田", "其他建设", "00"),
        ("1106", "内陆滩涂", "未利用", "00"),
        ("0810A", "广场用地", "公服", "0810"),
    ],
)
def test_the_working_classes_of_the_third_survey(code: str, name: str, group: str, parent: str) -> None:
    found = land_class("survey3", code)
    assert (found.zh, found.group, found.parent) == (name, group, parent)


@pytest.mark.parametrize(
    "text",
    [
        "0601",
        "0601工业用地",
        "0601 工业用地",
        "工业用地(0601)",
        "工业用地（0601）",
        "工业用地",
        "工业",
        "０６０１",
        "0601/0701",
        "0601.0",
    ],
)
def test_a_use_as_it_is_written(text: str) -> None:
    assert normalise_code(text, "gbt21010") == "0601"


def test_uses_that_hold_no_code() -> None:
    assert column(normalise_codes(C, "gbt21010"), ["待定", "", None, "综合用地"]) == [None] * 4


def test_the_three_big_classes_follow_the_regulation() -> None:
    """The pattern for construction land that survey offices use, against the table."""
    pattern = r"^(05|06|07|08|09|100[1-5]|100[7-9]|1109|1201)"
    codes = [c for c in classes("survey3") if len(c) > 2 and c != "0603"]
    expected = pl.Series(codes).str.contains(pattern).to_list()
    assert column(is_construction(C, "survey3"), codes) == expected
    farm = ["0101", "0201K", "0301", "0401", "0402", "0403", "1006", "1103", "1104A", "1107", "1202", "1203"]
    assert column(is_farmland(C, "survey3"), farm) == [True] * len(farm)
    idle = ["0404", "1101", "1102", "1105", "1106", "1108", "1110", "1204", "1205", "1206", "1207"]
    assert column(big_class(C, "survey3"), idle) == ["未利用地"] * len(idle)


def test_the_second_survey_counts_reservoirs_as_built() -> None:
    assert column(is_construction(C, "survey2"), ["113", "114", "118", "061", "203", "104", "043"]) == [
        True, False, True, True, True, False, False,
    ]  # fmt: skip
    # some second-survey data carry the four digits of the standard of 2017
    assert column(is_construction(C, "二调"), ["0601", "0101"]) == [True, False]


def test_groups_of_whole_columns() -> None:
    values = ["0601", "061", "仓储用地", "0699", "12", "xx", None, "201"]
    assert column(land_group(C, "gbt21010"), values) == ["工业", "工业", "仓储", None, None, None, None, "其他建设"]
    assert column(big_class(C, "gbt21010"), values)[3] == "建设用地"  # an unknown code of 06 is still 06
    assert column(is_industry(C, "gb50137"), ["M1", "M0", "m2", "W1", "R2", "M1一类工业用地"]) == [
        True, True, True, False, False, True,
    ]  # fmt: skip
    assert column(land_group(C, "landsea2023"), ["100102", "0702", "1801", "16"]) == [
        "工业",
        "公服",
        "海域",
        "其他建设",
    ]


def test_known_means_known_in_this_scheme() -> None:
    values = ["0601", "0501", "061", "工业用地", "?", None, ""]
    assert column(is_known(C, "survey3"), values) == [True, False, False, True, False, None, None]
    assert column(is_known(C, "survey3", related=True), values) == [True, True, True, True, False, None, None]


def test_an_expression_keeps_the_name_of_its_column() -> None:
    frame = pl.DataFrame({"a": ["0601"], "b": ["20"]})
    land = [f(pl.col("a"), "survey3") for f in (land_group, big_class, is_construction, is_known, class_name)]
    for expr in (*land, industry_division(pl.col("a")), industry_section(pl.col("a"))):
        assert frame.select(expr).columns == ["a"]
    for expr in (item_code(pl.col("b"), "qsxz"), item_name(pl.col("b"), "qsxz"), is_item(pl.col("b"), "qsxz")):
        assert frame.select(expr).columns == ["b"]
    assert frame.select(ownership_kind(pl.col("b"))).columns == ["b"]


def test_names_in_both_languages() -> None:
    assert column(class_name(C, "survey3"), ["0601", "05H1", "9999"]) == ["工业用地", "商业服务业设施用地", None]
    assert column(class_name(C, "survey3", "en"), ["0601", "1205"]) == ["Industrial land", "沙地"]


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (["0101", "0601", "05H1", "0702", "1104A"], "survey3"),
        (["0501", "0604", "0804", "0701"], "gbt21010"),
        (["011", "061", "203", "122"], "survey2"),
        (["100102", "070102", "1401", "0801"], "landsea2023"),
        (["M1", "R2", "B1", "G1", "S1"], "gb50137"),
    ],
)
def test_the_scheme_of_a_column(codes: list[str], expected: str) -> None:
    guess = guess_scheme(pl.Series(codes * 5))
    assert guess.scheme == expected
    assert guess.confidence > 0.9


def test_a_column_that_could_be_two_schemes_names_the_collisions() -> None:
    guess = guess_scheme(pl.Series(["1001", "0701", "0901", "1101"]))
    assert guess.confidence < 0.8
    meanings = {c.code: dict(c.meanings) for c in guess.collisions}
    assert meanings["1001"] == {"gbt21010": "铁路用地", "landsea2023": "工业用地"}
    planned = guess_scheme(pl.Series(["1001", "0701"]), among=["landsea2023", "survey3"])
    assert planned.scheme == "landsea2023"  # on a tie the caller's first choice
    assert guess_scheme(pl.Series(["x", None])).scheme is None
    assert guess_scheme(pl.Series([None], dtype=pl.String)).scheme is None


@pytest.mark.parametrize(
    ("text", "division", "section"),
    [
        ("C26", "C26", "C"),
        ("26", "C26", "C"),
        ("C2614", "C26", "C"),
        ("2614 有机化学原料制造", "C26", "C"),
        ("化学原料和化学制品制造业", "C26", "C"),
        ("c39", "C39", "C"),
        ("0111", "A01", "A"),
        ("A26", None, None),
        ("C", None, "C"),
        ("制造业", None, "C"),
        ("99", None, None),
        (None, None, None),
    ],
)
def test_industries(text: str | None, division: str | None, section: str | None) -> None:
    assert column(industry_division(C), [text]) == [division]
    assert column(industry_section(C), [text]) == [section]


def test_every_scheme_that_a_field_names_exists() -> None:
    known = {*SCHEMES, *CODE_LISTS, "uscc", "gbt4754"}
    named = {f.scheme for r in ROLES.values() for f in r.fields if f.scheme}
    assert named <= known


def test_rights_from_code_or_name() -> None:
    assert column(item_name(C, "qllx"), ["3", "03", "国有建设用地使用权", "3 国有建设用地使用权", "4.0", "没有"]) == [
        *["国有建设用地使用权"] * 4, "国有建设用地使用权/房屋所有权", None,
    ]  # fmt: skip
    assert column(item_code(C, "qlxz"), ["划拨", "出让", "作价出资(入股)", "作价出资（入股）", "204"]) == [
        "101", "102", "103", "103", "204",
    ]  # fmt: skip
    assert column(is_item(C, "qsxz"), ["20", "99", None]) == [True, False, None]
    with pytest.raises(PanhuoError, match="qllx"):
        code_list("nothing")


def test_yield_classes_and_their_local_names() -> None:
    values = ["A", "B类", "提升发展", "D", "限制发展类", "暂不评价", "T", "严格限制", "E"]
    assert column(item_name(C, "yield_class"), values) == [
        "优先发展类", "支持发展类", "提升发展类", "限制发展类", "限制发展类",
        "暂不评价", "暂不评价", "限制发展类", None,
    ]  # fmt: skip


def test_whose_land_it_is() -> None:
    frame = pl.DataFrame(
        {
            "nature": ["20", "30", "34", "国有", None, None, None, "10"],
            "right": [None, None, None, None, "7", "3", None, None],
            "code": [None, None, None, None, None, None, "370112001002JB00003", "370112001002JB00003"],
        },
        schema={"nature": pl.String, "right": pl.String, "code": pl.String},
    )
    kind = ownership_kind(pl.col("nature"), right_type=pl.col("right"), parcel_code=pl.col("code"))
    assert frame.select(kind).to_series().to_list() == ["国有", "集体", "集体", "国有", "集体", "国有", "集体", "国有"]
    assert column(ownership_kind(C), ["", "不详", None]) == [None, None, None]
