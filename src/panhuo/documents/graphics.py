"""Any graphic of a figure as a drawing that fits a page."""

from __future__ import annotations

from panhuo.documents.charts import Chart, chart
from panhuo.documents.maps import MapSpec, map_svg
from panhuo.documents.model import Picture
from panhuo.documents.svg import Drawing


def render_svg(graphic: Chart | MapSpec | Drawing) -> Drawing:
    """A chart or a map as a drawing; a drawing as it is."""
    match graphic:
        case Chart():
            return chart(graphic)
        case MapSpec():
            return map_svg(graphic)
    return graphic


def drawn(graphic: Chart | MapSpec | Drawing | Picture, width_mm: float, height_mm: float) -> Drawing | Picture:
    """The graphic for a page with this room. A map is drawn for the room, so that its scale stays true."""
    match graphic:
        case Picture():
            return graphic
        case MapSpec():
            return map_svg(graphic, room=(width_mm, height_mm))
    return render_svg(graphic)
