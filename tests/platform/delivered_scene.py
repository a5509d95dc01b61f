"""What a township sends in the tests: a few parcels, some of them wrong."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pyarrow as pa
import shapely

from panhuo import exchange
from panhuo.land.crs import Crs
from panhuo_platform.deliveries.models import Delivery
from panhuo_platform.organisations.models import Organisation

#: A user sends a file or folder, and all that has to be done is done.
Deliver = Callable[..., Delivery]
TOWN = "990112100"
#: Where the demo district lies, in EPSG:4527.
X0, Y0 = 39_600_000.0, 4_050_000.0


def unit(code: str) -> Organisation:
    return Organisation.objects.get(code=code)


def square(k: int, size: float = 100.0) -> shapely.Polygon:
    """The k-th of a row of squares that lie 200 m apart."""
    x = X0 + 200 * k
    return shapely.box(x, Y0, x + size, Y0 + size)


def bow_tie(k: int) -> shapely.Polygon:
    """A shape that crosses itself."""
    x = X0 + 200 * k
    return shapely.Polygon([(x, Y0), (x + 100, Y0 + 100), (x + 100, Y0), (x, Y0 + 100)])


def parcel_code(k: int) -> str:
    return f"{TOWN}001GB{k:05d}"


def parcels_layer(name: str = "宗地", *, good: int = 4) -> exchange.Layer:
    """Good parcels; then one with its area in mu, one without a code, one that crosses itself."""
    shapes = [square(k) for k in range(1, good + 3)] + [bow_tie(good + 3)]
    codes = [parcel_code(k) for k in range(1, good + 4)]
    codes[good + 1] = ""
    frame = pl.DataFrame(
        {
            "宗地代码": codes,
            "乡镇街道代码": [TOWN] * len(codes),
            "权利人": [f"示例{k}厂" for k in range(1, len(codes) + 1)],
            "面积": [10000.0] * good + [15.0, 10000.0, 5000.0],
        }
    )
    return exchange.Layer(
        name=name, source=f"{name}.shp", driver="ESRI Shapefile", table=frame.to_arrow(),
        geometry=pa.array(shapely.to_wkb(shapes), pa.large_binary()), crs=Crs.from_epsg(4527), geometry_type="Polygon",
    )  # fmt: skip
