"""Codes with their names beside them."""

from __future__ import annotations

import pytest

from panhuo.land.codes.naming import list_of, with_names


@pytest.mark.parametrize(
    ("value", "scheme", "zh", "en"),
    [
        ("0701", "gbt21010", "0701 城镇住宅用地", None),
        ("20", "qsxz", "20 国有土地使用权", "20 Use of state land"),
        ("0601/0604", "gbt21010", "0601 工业用地、0604 仓储用地", None),
        ("05H1", "gbt21010", "05H1 商业服务业设施用地", None),  # of the scheme that is used beside it
        ("C26", "gbt4754", "C26 化学原料和化学制品制造业", None),
        ("2614", "gbt4754", "2614 （C26 化学原料和化学制品制造业）", None),
        ("A26", "gbt4754", "A26", "A26"),  # the letter does not belong to the number
        ("7777", "gbt21010", "7777", "7777"),
        ("0701/旧厂", "gbt21010", "0701/旧厂", "0701/旧厂"),
        ("出让", "qlxz", "出让", "出让"),
        ("闲置厂房", "gbt21010", "闲置厂房", "闲置厂房"),
        ("91370000MA3C1234X7", "uscc", "91370000MA3C1234X7", "91370000MA3C1234X7"),
        ("20", None, "20", "20"),
        ("", "qsxz", "", ""),
    ],
)
def test_a_code_stands_with_its_name(value: str, scheme: str | None, zh: str, en: str | None) -> None:
    said = with_names(value, scheme)

    assert said.zh == zh
    assert en is None or said.en == en


def test_fields_and_facts_name_their_list() -> None:
    assert list_of("registered_use", "parcels") == list_of("registered_use") == "gbt21010"
    assert list_of("land_class", "second_survey") == "survey2"
    assert list_of("main_land_class") == "survey3"
    assert list_of("plan_use") == "landsea2023"
    assert list_of("holder_name") is None
