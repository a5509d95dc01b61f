"""What the map in the browser says, in the reader's language."""

from __future__ import annotations

from django.utils.translation import gettext as _


def words() -> dict[str, str]:
    """Texts by their names in ``web/src/parts``."""
    return {
        "map": _("地图"),
        "tools": _("量算与选择"),
        "north": _("正上方为北"),
        "zoom_in": _("放大"),
        "zoom_out": _("缩小"),
        "whole": _("显示全部"),
        "source": _("来源"),
        "system": _("坐标系：CGCS2000（地图为网络墨卡托投影）"),
        "ctrl_scroll": _("按住 Ctrl 键滚动，可以缩放地图"),
        "two_fingers": _("用两个手指移动地图"),
        "metres": _("米"),
        "kilometres": _("千米"),
        "square_metres": _("平方米"),
        "hectares": _("公顷"),
        "mu": _("亩"),
        "measure_line": _("量距离"),
        "measure_area": _("量面积"),
        "select_rectangle": _("用矩形选择宗地"),
        "select_polygon": _("用多边形选择宗地"),
        "draw_line": _("画线"),
        "draw_polygon": _("画新图形"),
        "edit_shape": _("修改现有图形"),
        "undo": _("撤回上一点"),
        "clear": _("清除"),
        "close": _("关闭"),
        "how_line": _("依次点击各点，双击或按回车结束。"),
        "how_polygon": _("依次点击各角点，点回起点或按回车结束。"),
        "how_rectangle": _("点击一个角，再点击对角。"),
        "only_map": _("仅为图上量算，不作为面积、长度依据。"),
        "drawn": _("已画好，可以拖动端点修改。"),
        "cannot_edit": _("这个图形有孔洞或由多块组成，不能在图上直接修改，请重新画。"),
        "loading": _("正在读取地图……"),
        "counting": _("正在统计……"),
        "selected": _("选中 {n} 宗"),
        "open_list": _("在列表中打开"),
        "only_these": _("只看这些"),
        "unreachable": _("暂时取不到数据，请稍后再试。"),
        "nothing_found": _("没有找到；请输入代码的前几位、名称、权利人或乡镇街道名。"),
        "no_webgl": _("这个浏览器不能显示地图，请更新浏览器或开启硬件加速；宗地列表不受影响。"),
        "parcel": _("宗地"),
        "cells": _("宗地数（橙色为认定）"),
        "total": _("共 {n} 宗，{mu} 亩"),
        "today": _("现在"),
    }
