"""Checks of codes: A03 (in their list, agreeing with their names), A04 (length, structure, check digit), A08, A09."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from panhuo.land.codes.industry import industry_division, industry_section
from panhuo.land.codes.landuse import SCHEMES, class_name, is_known
from panhuo.land.codes.lists import CODE_LISTS, is_item
from panhuo.land.credit_codes import FAULTS as CREDIT_FAULTS
from panhuo.land.credit_codes import check_credit_codes
from panhuo.land.identifiers import PARCEL_FAULTS, check_parcel_codes, check_unit_codes, tidy_code
from panhuo.land.roles import Field
from panhuo.messages import Text, join_findings
from panhuo.quality.catalogue import Settings, state
from panhuo.quality.subject import Subject

#: Lists that a policy or a place may extend: a value outside them is no error.
OPEN_LISTS = frozenset({"renewal_kind", "legacy_situation", "control_line", "case_state"})
#: Codes and the names that stand beside them: role -> (code field, name field).
PAIRS: Mapping[str, tuple[str, str]] = {
    "patches": ("land_class", "land_class_name"),
    "zones": ("plan_use", "plan_use_name"),
}
#: Fields whose code has a fixed number of digits: field -> numbers of digits.
DIGITS: Mapping[str, tuple[int, ...]] = {"township_code": (9, 12), "seat_code": (19,), "division_code": (6, 9, 12)}

#: Codes with a structure of their own: how they are checked, and the words for each fault.
CHECKS: Mapping[str, tuple[Callable[[pl.Series], pl.DataFrame], Mapping[str, Text]]] = {
    "parcel_code": (check_parcel_codes, PARCEL_FAULTS),
    "unit_code": (check_unit_codes, PARCEL_FAULTS),
    "credit_code": (check_credit_codes, CREDIT_FAULTS),
}
#: Codes that are right without any doubt; what does not look so is checked part by part.
_PARCEL = r"^\d{12}[GJZ][A-Z](?:[1-9]\d{4}|\d[1-9]\d{3}|\d{2}[1-9]\d{2}|\d{3}[1-9]\d|\d{4}[1-9])"
PLAIN = {"parcel_code": _PARCEL + "$", "unit_code": _PARCEL + r"(?:W0{8}|[FLQ]\d{7}[1-9])$"}
#: Codes that are read whatever blanks, hyphens, full-width or small letters they were written with.
TIDIED = ("parcel_code", "unit_code", "credit_code")
#: Fields of a patch that only cultivated land has (TD/T 1057-2020, layer DLTB).
CULTIVATED_ONLY = ("deducted_class", "deducted_share", "cultivated_kind", "cultivated_slope", "planting")
#: Planting attributes of land that can be made cultivated again: at once (JKHF) or by works (GCHF). They stand on
#: gardens, woods and ponds, never on cultivated land.
RECOVERABLE = ("JKHF", "GCHF")


def code_values(subject: Subject, settings: Settings) -> pl.DataFrame:
    """A03: codes that are in no list, and names that do not belong to the code beside them."""
    parts = []
    for field in subject.role.fields:
        if field.name not in subject.frame.columns or not field.scheme or field.scheme in OPEN_LISTS:
            continue
        index = _rows_of(subject.frame[field.name], _unknown(field))
        if len(index):
            name = _scheme_name(field.scheme)
            parts.append(_told("A03", subject, field.name, index, f"不在{name.zh}的值域内", f"is not in {name.en}"))
    parts += _names(subject)
    if subject.role.id == "enterprises" and "industry_code" in subject.frame.columns:
        index = _rows_of(subject.frame["industry_code"], _no_industry)
        if len(index):
            parts.append(
                _told(
                    "A03",
                    subject,
                    "industry_code",
                    index,
                    "不是国民经济行业分类代码",
                    "is no industry code (GB/T 4754)",
                )
            )
    return join_findings(parts)


def _rows_of(column: pl.Series, wrong: Callable[[pl.Expr], pl.Expr]) -> pl.Series:
    """Rows whose value ``wrong`` says is wrong; asked once for each distinct value."""
    text = column.cast(pl.String).alias("text")
    distinct = text.drop_nulls().unique().rechunk()
    # a column of its own first: as a predicate the answer would be asked for piece by piece
    answer = distinct.to_frame().with_columns(wrong(pl.col("text")).alias("wrong"))["wrong"]
    bad = distinct.filter(answer.fill_null(False))
    if not len(bad):
        return pl.Series("index", [], dtype=pl.Int64)
    return text.is_in(bad.implode()).fill_null(False).arg_true().cast(pl.Int64).alias("index")


def _unknown(field: Field) -> Callable[[pl.Expr], pl.Expr]:
    """Whether a code is in none of the lists of its field; never for a list that is not known here."""
    if field.scheme in SCHEMES:
        return lambda text: ~is_known(text, str(field.scheme), related=True)
    if field.scheme in CODE_LISTS:
        return lambda text: ~is_item(text, str(field.scheme))
    return lambda text: pl.lit(False)


def _no_industry(text: pl.Expr) -> pl.Expr:
    return industry_division(text).is_null() & industry_section(text).is_null()


def _scheme_name(scheme: str | None) -> Text:
    if scheme in SCHEMES:
        found = SCHEMES[str(scheme)]
        return Text(found.zh, found.en)
    return Text("代码表", f"the code list '{scheme}'")


def _names(subject: Subject) -> list[pl.DataFrame]:
    pair = PAIRS.get(subject.role.id)
    if pair is None or not subject.has(*pair):
        return []
    code, name = pair
    scheme = next(f.scheme for f in subject.role.fields if f.name == code) or ""
    distinct = subject.frame.select(pl.col(code).cast(pl.String), pl.col(name).cast(pl.String)).unique()
    official = distinct.with_columns(class_name(pl.col(code), scheme).alias("_official"))
    bare = pl.col(name).str.strip_chars().str.strip_suffix("用地")
    wrong = official.with_columns(
        (
            pl.col("_official").is_not_null()
            & pl.col(name).is_not_null()
            & (bare != pl.col("_official").str.strip_suffix("用地"))
        ).alias("_wrong")
    )
    rows = (
        subject.frame.select(pl.col(code).cast(pl.String), pl.col(name).cast(pl.String))
        .with_row_index("index")
        .join(wrong.filter("_wrong"), on=[code, name], maintain_order="left")
    )
    if not rows.height:
        return []
    told = rows.rechunk().select(
        pl.col("index").cast(pl.Int64),
        pl.col(name).alias("value"),
        pl.lit(name).alias("field"),
        pl.format("与代码 {} 的名称“{}”不一致", code, "_official").alias("why"),
        pl.format("does not agree with code {} ({})", code, "_official").alias("why_en"),
    )
    return [state("A03", subject, told)]


def code_structure(subject: Subject, settings: Settings) -> pl.DataFrame:
    """A04: parcel codes, unit numbers, credit codes and division codes that cannot be right."""
    parts = []
    for field in subject.role.fields:
        if field.name not in subject.frame.columns:
            continue
        if field.name in CHECKS:
            check, faults = CHECKS[field.name]
            if field.name == "parcel_code" and not is_cadastral(subject):
                continue
            column = subject.raw[field.name]
            distinct = column.drop_nulls()
            if field.name in PLAIN:
                distinct = distinct.filter(~distinct.str.contains(PLAIN[field.name]))
            distinct = distinct.unique()
            found = check(distinct)["fault"]
            for fault in found.drop_nulls().unique().sort():
                bad = distinct.filter((found == fault).fill_null(False))
                index = column.is_in(bad.implode()).fill_null(False).arg_true().cast(pl.Int64)
                told = faults[fault]
                parts.append(_told("A04", subject, field.name, index, told.zh, told.en))
        elif field.name in DIGITS:
            column = subject.frame[field.name].cast(pl.String)
            right = column.str.contains("^(?:" + "|".join(rf"\d{{{n}}}" for n in DIGITS[field.name]) + ")$")
            index = (~right).fill_null(False).arg_true().cast(pl.Int64)
            if len(index):
                digits = "或".join(str(n) for n in DIGITS[field.name])
                en = " or ".join(str(n) for n in DIGITS[field.name])
                parts.append(
                    _told("A04", subject, field.name, index, f"应为 {digits} 位数字", f"should have {en} digits")
                )
    return join_findings(parts)


def code_form(subject: Subject, settings: Settings) -> pl.DataFrame:
    """A04: right codes with blanks, full-width characters, hyphens or small letters; one finding a field."""
    parts = []
    for name in TIDIED:
        if name not in subject.raw.columns:
            continue
        index, raw, tidy = irregular(subject, name)
        if len(index):
            rows = pl.DataFrame({"index": index[:1], "value": raw[:1], "after": tidy[:1]})
            rows = rows.with_columns(field=pl.lit(name), count=pl.lit(len(index)))
            parts.append(state("A04", subject, rows, variant="form"))
    return join_findings(parts)


def irregular(subject: Subject, name: str) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Codes that are right once blanks, hyphens, full-width and small letters are gone: rows, as delivered, regular."""
    suspects = subject.raw[name].str.contains(r"[^0-9A-Z]").fill_null(False).arg_true().cast(pl.Int64)
    raw = subject.raw[name].gather(suspects).str.strip_chars().alias("raw")
    frame = raw.to_frame().with_columns(tidy_code(pl.col("raw")).alias("tidy"), suspects.alias("index"))
    frame = frame.filter((pl.col("raw") != pl.col("tidy")) & (pl.col("raw") != ""))
    index, raw, after = frame["index"], frame["raw"], frame["tidy"]
    if name != "parcel_code" or is_cadastral(subject):
        right = CHECKS[name][0](after)["valid"].fill_null(False)
        index, raw, after = index.filter(right), raw.filter(right), after.filter(right)
    return index, raw, after


def is_cadastral(subject: Subject) -> bool:
    """Whether the key is the 19-digit parcel code at all; a survey may number its parcels by its own system."""
    if subject.role.key != "parcel_code":
        return False
    length = subject.frame["parcel_code"].cast(pl.String).str.len_chars().drop_nulls()
    return len(length) > 0 and 2 * int((length == 19).sum()) >= len(length)


def town_attributes(subject: Subject, settings: Settings) -> pl.DataFrame:
    """A08: built-up patches without the town attribute; mines and special land with a wrong one."""
    if subject.role.id != "patches" or not subject.has("land_class", "town_attribute"):
        return join_findings([])
    code = pl.col("land_class").cast(pl.String)
    town = pl.col("town_attribute").cast(pl.String).str.strip_chars()
    if subject.frame["town_attribute"].is_null().all():
        return join_findings([])  # the layer does not carry the attribute at all: A01's or the survey's matter
    built = code.str.contains(r"^(05|06|07|08|1004|1005|1201)") & ~code.str.contains(r"^(0602|0603)")
    mine = code.str.contains(r"^(0602|0603)") & (town != "204")
    special = code.str.starts_with("09") & (town != "205")
    rows = subject.frame.select(
        pl.when(built & town.is_null())
        .then(pl.lit("没有填写城镇村属性码"))
        .when(mine)
        .then(pl.lit("城镇村属性码应为 204"))
        .when(special)
        .then(pl.lit("城镇村属性码应为 205"))
        .alias("why"),
        code.alias("value"),
    ).with_row_index("index")
    english = {
        "没有填写城镇村属性码": "has no town attribute",
        "城镇村属性码应为 204": "should have the town attribute 204",
        "城镇村属性码应为 205": "should have the town attribute 205",
    }
    rows = rows.filter(pl.col("why").is_not_null()).with_columns(
        pl.col("why").replace_strict(english, return_dtype=pl.String).alias("why_en"), field=pl.lit("town_attribute")
    )
    return state("A08", subject, rows)


def cultivated_only(subject: Subject, settings: Settings) -> pl.DataFrame:
    """A09: patches of another class than cultivated land (01) with attributes that only cultivated land has."""
    if subject.role.id != "patches" or not subject.has("land_class"):
        return join_findings([])
    parts = []
    code = subject.frame["land_class"].cast(pl.String)
    elsewhere = code.is_not_null() & ~code.str.starts_with("01")
    for name in CULTIVATED_ONLY:
        if name not in subject.frame.columns:
            continue
        value = subject.frame[name].cast(pl.String).str.strip_chars()
        filled = value.is_not_null() & ~value.is_in(["", "0", "0.0", "/", "-"])
        if name == "planting":
            filled = filled & ~value.is_in(list(RECOVERABLE))
        index = (elsewhere & filled).arg_true().cast(pl.Int64)
        if len(index):
            rows = pl.DataFrame({"index": index, "value": code.gather(index)}).with_columns(field=pl.lit(name))
            parts.append(state("A09", subject, rows))
    return join_findings(parts)


def _told(code: str, subject: Subject, field: str, index: pl.Series, zh: str, en: str) -> pl.DataFrame:
    rows = pl.DataFrame({"index": index, "value": subject.raw[field].gather(index)}).with_columns(
        field=pl.lit(field), why=pl.lit(zh), why_en=pl.lit(en)
    )
    return state(code, subject, rows)
