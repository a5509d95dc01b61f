"""What the land is used for, in the four code lists that a district meets at once.

GB/T 21010-2017 (registered use), the working codes of the third survey (DLBM), the codes of the second survey, and the
land and sea use codes of territorial planning (2023).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from panhuo.demo import layout

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Use:
    """One kind of use with its code in each list, and the plot ratio a plan allows there."""

    zh: str
    registered: str
    registered_name: str
    dlbm: str
    dlmc: str
    second: str
    plan: str
    plan_name: str
    max_plot_ratio: float


INDUSTRY, STORAGE, SHOPS, MARKET, HOUSING, HOMESTEAD, SCHOOL, OFFICE, CLINIC, WORKS, PARKLAND, STATION, VACANT = range(
    13
)

USES = (
    Use("工业", "0601", "工业用地", "0601", "工业用地", "061", "1001", "工业用地", 2.0),
    Use("仓储", "0604", "仓储用地", "0508", "物流仓储用地", "063", "1101", "物流仓储用地", 1.8),
    Use("商业", "0501", "零售商业用地", "05H1", "商业服务业设施用地", "051", "0901", "商业用地", 3.0),
    Use("批发市场", "0502", "批发市场用地", "05H1", "商业服务业设施用地", "051", "0901", "商业用地", 2.5),
    Use("住宅", "0701", "城镇住宅用地", "0701", "城镇住宅用地", "071", "0701", "城镇住宅用地", 2.2),
    Use("宅基地", "0702", "农村宅基地", "0702", "农村宅基地", "072", "0703", "农村宅基地", 1.0),
    Use("学校", "0803", "教育用地", "08H2", "科教文卫用地", "083", "0804", "教育用地", 1.0),
    Use("机关", "0801", "机关团体用地", "08H1", "机关团体新闻出版用地", "081", "0801", "机关团体用地", 1.5),
    Use("医院", "0805", "医疗卫生用地", "08H2", "科教文卫用地", "084", "0806", "医疗卫生用地", 1.6),
    Use("公用设施", "0809", "公用设施用地", "0809", "公用设施用地", "086", "13", "公用设施用地", 0.8),
    Use("公园", "0810", "公园与绿地", "0810", "公园与绿地", "087", "14", "绿地与开敞空间用地", 0.1),
    Use("场站", "1005", "交通服务场站用地", "1005", "交通服务场站用地", "102", "1208", "交通场站用地", 1.0),
    Use("空闲地", "1201", "空闲地", "1201", "空闲地", "121", "16", "留白用地", 1.0),
)

REGISTERED = np.array([u.registered for u in USES])
DLBM = np.array([u.dlbm for u in USES])
DLMC = np.array([u.dlmc for u in USES])
PLAN = np.array([u.plan for u in USES])
PLAN_NAME = np.array([u.plan_name for u in USES])
PLAN_RATIO = np.array([u.max_plot_ratio for u in USES])

#: What stands in a region: share of each use among its groups of parcels.
MIX: dict[int, tuple[float, ...]] = {
    #                    工业  仓储  商业  市场  住宅  宅基  学校  机关  医院  公用  公园  场站  空闲
    layout.NEW_TOWN: (0.07, 0.02, 0.18, 0.01, 0.48, 0.00, 0.07, 0.05, 0.02, 0.03, 0.04, 0.02, 0.01),
    layout.OLD_TOWN: (0.06, 0.03, 0.26, 0.02, 0.46, 0.00, 0.04, 0.06, 0.02, 0.02, 0.01, 0.01, 0.01),
    layout.PARK: (0.80, 0.09, 0.03, 0.00, 0.01, 0.00, 0.00, 0.01, 0.00, 0.03, 0.01, 0.01, 0.01),
    layout.OLD_WORKS: (0.68, 0.16, 0.06, 0.00, 0.05, 0.00, 0.00, 0.00, 0.00, 0.03, 0.00, 0.01, 0.01),
    layout.VILLAGE: (0.06, 0.02, 0.03, 0.00, 0.00, 0.83, 0.01, 0.02, 0.01, 0.01, 0.00, 0.00, 0.01),
    layout.TOWN_SEAT: (0.14, 0.05, 0.20, 0.02, 0.42, 0.00, 0.05, 0.05, 0.03, 0.02, 0.01, 0.01, 0.00),
}


def draw_uses(region: Ints, rng: np.random.Generator) -> Ints:
    """A use for each row by the mix of its region."""
    out = np.zeros(len(region), np.int64)
    for kind, mix in MIX.items():
        rows = np.flatnonzero(region == kind)
        weights = np.array(mix) / sum(mix)
        out[rows] = rng.choice(len(USES), len(rows), p=weights)
    return out


def main_use(group: Ints, use: Ints, weight: NDArray[np.float64], groups: int) -> Ints:
    """The use that weighs most in each of ``groups`` groups; -1 where a group is empty."""
    weights = np.bincount(group * len(USES) + use, weight, groups * len(USES)).reshape(groups, len(USES))
    return np.where(weights.sum(axis=1) > 0, np.argmax(weights, axis=1), -1)
