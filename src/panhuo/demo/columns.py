"""The fields of each delivered file: pinyin codes in shapefiles and databases, Chinese headers in tables."""

from __future__ import annotations

from panhuo.demo.sheets import Head
from panhuo.demo.shp import Column

PARCELS = (
    Column("parcel_code", "ZDDM", "C", 19),
    Column("unit_code", "BDCDYH", "C", 28),
    Column("parcel_name", "ZDMC", "C", 50),
    Column("township_code", "XZDM", "C", 9),
    Column("township_name", "XZMC", "C", 30),
    Column("location", "ZL", "C", 60),
    Column("declared_area_mu", "ZDMJ", "N", 14, 4),
    Column("registered_use", "YT", "C", 5),
    Column("approved_use", "PZYT", "C", 5),
    Column("current_use", "XZYT", "C", 5),
    Column("ownership_nature", "QSXZ", "C", 2),
    Column("right_type", "QLLX", "C", 30),
    Column("right_nature", "QLXZ", "C", 20),
    Column("holder_name", "QLR", "C", 60),
    Column("credit_code", "TYSHXYDM", "C", 18),
    Column("registration_no", "BDCQZH", "C", 60),
    Column("registration_date", "DJSJ", "D", 8),
    Column("approval_no", "PZWH", "C", 40),
    Column("approval_date", "PZSJ", "D", 8),
    Column("supply_method", "GDFS", "C", 16),
    Column("contract_no", "HTBH", "C", 30),
    Column("contract_start_date", "YDKGSJ", "D", 8),
    Column("actual_start_date", "SJKGSJ", "D", 8),
    Column("completion_date", "SJJGSJ", "D", 8),
    Column("plot_ratio_declared", "RJL", "N", 8, 2),
    Column("density_declared", "JZMD", "N", 8, 2),
    Column("features", "DXTZ", "C", 60),
    Column("facilities_backward", "SSLH", "C", 2),
    Column("vacancy_rate", "KZL", "N", 6, 2),
    Column("willing", "PHYY", "C", 2),
    Column("built_year", "JCNF", "N", 4),
    Column("remark", "BZ", "C", 60),
)

BUILDINGS = (
    Column("building_code", "FWBH", "C", 20),
    Column("floors", "CS", "N", 4),
    Column("height_m", "JZGD", "N", 8, 1),
    Column("built_year", "JCNF", "N", 4),
    Column("danger_grade", "WFDJ", "C", 1),
    Column("idle", "SFXZ", "C", 2),
    Column("use", "FWYT", "C", 20),
)

SECOND_SURVEY = (
    Column("patch_code", "BSM", "C", 18),
    Column("land_class", "DLBM", "C", 4),
    Column("year", "SJNF", "N", 4),
)

PATCHES = {
    "patch_code": "BSM",
    "seat_code": "ZLDWDM",
    "land_class": "DLBM",
    "land_class_name": "DLMC",
    "town_attribute": "CZCSXM",
    "ownership_nature": "QSXZ",
    "year": "SJNF",
    "patch_area_m2": "TBMJ",
}

RENAMED = {
    "zones": {"zone_code": "DKBH", "plan_use": "YDYHFLDM", "plan_use_name": "YDYHFLMC", "max_plot_ratio": "RJLSX"},
    "control_lines": {"line_kind": "KZXLX", "line_name": "KZXMC"},
    "renewal_areas": {"area_name": "GZFWMC", "area_kind": "GZLX", "plan_document": "GHYJ"},
    "boundaries": {"division_code": "XZQDM", "division_name": "XZQMC", "level": "JB"},
}

REGISTRATION = (
    Head("parcel_code", "宗地代码", "宗地", 22),
    Head("unit_code", "不动产单元号", "宗地", 31),
    Head("registered_area_m2", "登记面积（平方米）", "宗地", 16),
    Head("registered_use", "登记用途", "宗地", 10),
    Head("holder_name", "权利人", "权利", 32),
    Head("credit_code", "统一社会信用代码", "权利", 22),
    Head("right_type", "权利类型", "权利", 22),
    Head("right_nature", "权利性质", "权利", 12),
    Head("registration_no", "不动产权证号", "登记", 40),
    Head("registration_date", "登记时间", "登记", 12),
    Head("mortgage", "是否抵押", "限制情况", 10),
    Head("sealed", "是否查封", "限制情况", 10),
    Head("disputed", "是否有争议", "限制情况", 10),
)

ENTERPRISES = (
    Head("credit_code", "统一社会信用代码", "", 22),
    Head("enterprise_name", "企业名称", "", 34),
    Head("industry_code", "行业代码", "", 10),
    Head("catalogue_status", "产业目录类别", "", 14),
    Head("above_text", "是否规上", "", 10),
    Head("parcel_code", "宗地代码", "用地", 22),
    Head("occupied_area_mu", "占地面积（亩）", "用地", 14),
    Head("start_year", "投产年份", "", 10),
)

ECONOMY = (
    Head("credit_code", "统一社会信用代码", "", 22),
    Head("year", "年度", "", 8),
    Head("tax_wan", "税收（万元）", "产出效益", 14),
    Head("output_wan", "工业总产值（万元）", "产出效益", 16),
    Head("revenue_wan", "营业收入（万元）", "产出效益", 16),
    Head("added_value_wan", "工业增加值（万元）", "产出效益", 16),
    Head("fixed_investment_wan", "固定资产投资（万元）", "投入", 18),
    Head("staff", "从业人员", "投入", 10),
    Head("rd_wan", "研发经费（万元）", "投入", 14),
    Head("energy_tce", "综合能耗（吨标准煤）", "能耗与排放", 18),
    Head("electricity_kwh", "用电量（千瓦时）", "能耗与排放", 16),
    Head("emission_t", "主要污染物排放量（吨）", "能耗与排放", 18),
)

YIELD = (
    Head("enterprise_name", "企业名称", "", 34),
    Head("credit_code", "统一社会信用代码", "", 22),
    Head("year", "评价年度", "", 10),
    Head("above_text", "规模类型", "", 10),
    Head("yield_class", "评价等级", "", 18),
)

EXIT_LIST = (
    Head("list_item", "清单序号", "", 10),
    Head("parcel_code", "宗地代码", "", 22),
    Head("parcel_name", "地块名称", "", 30),
)

SAFETY = (
    Head("credit_code", "统一社会信用代码"),
    Head("enterprise_name", "企业名称"),
    Head("parcel_code", "宗地代码"),
    Head("record_no", "检查记录编号"),
    Head("record_date", "检查日期"),
    Head("compliant", "是否符合安全生产要求"),
    Head("issuer", "检查单位"),
)

ENVIRONMENT = (
    Head("credit_code", "统一社会信用代码"),
    Head("enterprise_name", "企业名称"),
    Head("parcel_code", "宗地代码"),
    Head("record_no", "文书编号"),
    Head("record_date", "日期"),
    Head("compliant", "是否符合环保要求"),
    Head("issuer", "出具单位"),
)

DISPUTES = (
    Head("parcel_code", "宗地代码", "", 22),
    Head("kind", "争议类型", "", 18),
    Head("state", "办理状态", "", 10),
)

OBSTACLES = (
    Head("parcel_code", "宗地代码", "", 22),
    Head("kind", "问题类型", "", 12),
    Head("description", "问题描述", "", 36),
    Head("wish", "诉求", "", 30),
    Head("unit", "责任单位", "", 20),
    Head("due_date", "完成时限", "", 12),
)

IDLE_LAND = (Head("parcel_code", "宗地代码", "", 22), Head("identified_date", "认定日期", "", 12))
