"""Words for a district that does not exist: streets, villages, firms. No person is named anywhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Strings = NDArray[np.str_]

_A = "鼓望柳云青澄石白杏长麦枕临景泰和安兴瑞福永嘉清平远文华丰裕康顺宏昌盛荣锦明朗启越凌卓"
_B = "阳澜汀渡禾湖桥鹭林渠丘溪泉山宁海川原庄园源达通润泽恒信诚立成腾飞翔宇辰星光辉"
ROADS = np.array(
    ["澄湖大街", "望澜路", "柳汀路", "鼓阳街", "云渡街", "北厂路", "东埠大道", "青禾路", "渡口街", "书院街", "槐荫街",
     "长堤路",
     "泊岸路", "石桥路", "杏坞路", "麦丘路", "纬一路", "纬二路", "纬三路", "经一路", "经二路", "经三路",
     "兴业街", "创业路"]
)  # fmt: skip
_VILLAGE_A = "柳槐石杨泉麦桥泊渠坞庙堤桑榆竹荷菱苇沙岭"
_VILLAGE_B = ("湾村", "家洼村", "树庄村", "台村", "园村", "埠村", "岗村", "店村")

TRADE = {
    13: "食品加工", 14: "食品", 17: "纺织", 18: "服饰", 20: "木业", 21: "家具", 22: "纸业", 23: "印务", 26: "化工",
    27: "药业", 29: "橡塑", 30: "建材", 31: "钢铁", 33: "金属制品", 34: "机械", 35: "专用设备", 36: "汽车零部件",
    38: "电气", 39: "电子", 40: "仪表", 51: "商贸", 52: "百货", 59: "仓储物流", 61: "酒店", 62: "餐饮", 65: "软件",
    70: "置业", 72: "商务服务", 81: "汽修",
}  # fmt: skip


def brand(index: Ints) -> Strings:
    """A two-character house name, different for neighbouring numbers."""
    a, b = np.array(list(_A)), np.array(list(_B))
    return np.char.add(a[index % len(a)], b[(index // len(a) + index * 7) % len(b)])


def firm_names(index: Ints, division: Ints) -> Strings:
    """Names of firms by running number and two-digit industry division, unique up to a workshop number."""
    trade = np.array([TRADE[int(d)] for d in np.arange(100) if int(d) in TRADE])
    place = np.full(100, 0)
    for k, d in enumerate(sorted(TRADE)):
        place[d] = k
    cycle = index // (len(_A) * len(_B))
    name = np.char.add(np.char.add("青岚", brand(index)), trade[place[division]])
    series = np.where(cycle > 0, np.char.add(np.char.add("第", np.char.mod("%d", cycle + 1)), ""), "")
    return np.char.add(np.char.add(name, series), "有限公司")


def village_names(index: Ints) -> Strings:
    """Names of villages by number."""
    a, b = np.array(list(_VILLAGE_A)), np.array(_VILLAGE_B)
    base = np.char.add(a[index % len(a)], b[(index // len(a)) % len(b)])
    cycle = index // (len(a) * len(b))
    return np.where(cycle > 0, np.char.add(np.array(["", "东", "西", "南", "北", "前", "后"])[cycle % 7], base), base)


def texts(values: NDArray[Any]) -> pl.Series:
    """Texts with blanks (None) as a column."""
    return pl.Series(values.tolist(), dtype=pl.String)
