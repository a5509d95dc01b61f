"""The ground of the district: streets, blocks, parcels and survey patches as tessellations of one plane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from panhuo.demo import layout
from panhuo.demo.tiling import EAST, NORTH, SOUTH, WEST, Bend, Floats, Ints, cut, hash01, make_bend
from panhuo.messages import PanhuoError

#: False origin of the district's south-west corner: zone 39 of the 3° system, easting with zone number, near 36.6N
#: 117.3E.
CENTRE = (39_526_800.0, 4_052_300.0)


@dataclass(frozen=True, slots=True)
class Ground:
    """Rectangles of the plane before bending, and how they hang together.

    cells : (b, 4) blocks to the middle of the streets; blocks : (b, 4) without the streets
    region, town : (b,) region and township of each block
    stage : (s, 4), stage_block : groups of parcels that belong together; every second block's patches follow them
    parcels : (n, 4), parcel_stage, parcel_block
    patches : (p, 4), patch_block, patch_stage (-1 where the patches go their own way)
    strips : (t, 4) streets and river, strip_cut (the cut they lie on), strip_block, strip_water
    """

    side: float
    bend: Bend
    patch_bend: Bend
    cells: Ints
    blocks: Ints
    region: Ints
    town: Ints
    stage: Ints
    stage_block: Ints
    parcels: Ints
    parcel_stage: Ints
    parcel_block: Ints
    patches: Ints
    patch_block: Ints
    patch_stage: Ints
    strips: Ints
    strip_cut: Ints
    strip_block: Ints
    strip_water: NDArray[np.bool_]


def middle(rects: Ints) -> tuple[Floats, Floats]:
    """Centres of rectangles."""
    return (rects[:, WEST] + rects[:, EAST]) / 2.0, (rects[:, SOUTH] + rects[:, NORTH]) / 2.0


def area(rects: Ints) -> Floats:
    """Areas of rectangles on the lattice, m²."""
    return ((rects[:, EAST] - rects[:, WEST]) * (rects[:, NORTH] - rects[:, SOUTH])).astype(np.float64)


def make_ground(parcels: int, seed: int) -> Ground:
    """Streets, blocks and exactly ``parcels`` parcels."""
    if parcels < 500:
        raise PanhuoError("演示县区至少需要 500 个地块。", "The demo district needs 500 parcels at least.")
    side = layout.side_for(parcels)
    edge = int(side // 2 * 2)
    regions = layout.regions(side, seed)
    cells, made = _cells(edge, regions, seed)
    kind = regions(*middle(cells))
    inside = kind != layout.OUTSIDE
    cells, made, kind = cells[inside], made[inside], kind[inside]
    x, y = middle(cells)
    town = layout.township(x / side, y / side)
    blocks, strips, strip_cut, strip_block, strip_water = _streets(cells, made, kind)

    built = np.flatnonzero(np.isin(kind, layout.BUILT))
    rng = np.random.default_rng([seed, 2])
    stage, stage_block = _divide(blocks[built], kind[built], max(parcels // 3, len(built)), rng)
    stage_block = built[stage_block]
    final, parcel_stage = _divide(stage, kind[stage_block], parcels, rng)
    if len(final) != parcels:
        raise PanhuoError(
            f"只能划分出 {len(final)} 个地块，需要 {parcels} 个。",
            f"Only {len(final)} parcels fit where {parcels} are asked.",
        )
    order = _sweep(final)
    final, parcel_stage = final[order], parcel_stage[order]

    follows = hash01(np.arange(len(cells)), np.zeros(len(cells), np.int64), seed % 997 + 31) < 0.5
    own = built[~follows[built]]
    share = max(int(len(stage) * len(own) / len(built)), len(own))
    other, other_block = _divide(blocks[own], kind[own], share, np.random.default_rng([seed, 3]))
    kept = np.flatnonzero(follows[stage_block])
    rest = np.flatnonzero(~np.isin(kind, layout.BUILT))
    corner = (CENTRE[0] - side / 2, CENTRE[1] - side / 2)
    return Ground(
        side=side,
        bend=make_bend(side, corner, seed, 1),
        patch_bend=make_bend(side, corner, seed, 2),
        cells=cells,
        blocks=blocks,
        region=kind,
        town=town,
        stage=stage,
        stage_block=stage_block,
        parcels=final,
        parcel_stage=parcel_stage,
        parcel_block=stage_block[parcel_stage],
        patches=np.vstack([stage[kept], other, blocks[rest]]),
        patch_block=np.concatenate([stage_block[kept], own[other_block], rest]),
        patch_stage=np.concatenate([kept, np.full(len(other) + len(rest), -1)]),
        strips=strips,
        strip_cut=strip_cut,
        strip_block=strip_block,
        strip_water=strip_water,
    )


def _cells(edge: int, regions: layout.Regions, seed: int) -> tuple[Ints, Ints]:
    """Blocks to the middle of the streets; ``made`` holds (cut number, half width) packed per side."""
    river = int(edge * layout.RIVER_X // 2 * 2)
    start = np.array([[0, 0, river, edge], [river, 0, edge, edge]], np.int64)
    offsets = (np.arange(5) + 0.5) / 5

    def priority(rects: Ints, origin: Ints) -> Floats:
        width = (rects[:, EAST] - rects[:, WEST]).astype(float)
        height = (rects[:, NORTH] - rects[:, SOUTH]).astype(float)
        wish = np.full(len(rects), np.inf)
        for a in offsets:
            for b in offsets:
                x, y = rects[:, WEST] + width * a, rects[:, SOUTH] + height * b
                wish = np.minimum(wish, layout.BLOCK_M2[regions(x, y)])
        return np.asarray(width * height / wish * 0.75)

    rects, origin, made = cut(
        start, priority, np.random.default_rng([seed, 1]), smallest=lambda r, _: np.full(len(r), 56.0)
    )
    made = np.where(made >= 0, made + 2, -1)
    made[(origin == 0) & (rects[:, EAST] == river), EAST] = 0  # the river is cut number 0
    made[(origin == 1) & (rects[:, WEST] == river), WEST] = 0
    return rects, made


def _streets(cells: Ints, made: Ints, kind: Ints) -> tuple[Ints, Ints, Ints, Ints, NDArray[np.bool_]]:
    """Take streets (and the river) from the blocks' sides; each side's strip stays with the cut it lies on.

    The earlier a cut, the wider its street: cut numbers grow as the ground is divided.
    """
    number = made
    half = np.select([number < 0, number < 6, number < 40, number < 200], [0, 16, 12, 9], 6).astype(np.int64)
    rural = np.isin(kind, (layout.FIELDS, layout.HILLS))
    half = np.where(rural[:, None] & (half == 6), 3, half)
    half = np.where((kind == layout.VILLAGE)[:, None] & (half == 6), 4, half)
    half[kind == layout.LAKE] = 0
    water = np.where(number == 0, 26, 0)
    water[kind == layout.LAKE] = 0
    sign = np.array([1, 1, -1, -1])
    bank = cells + sign * water
    block = bank + sign * half
    parts, cuts, owners, wet = [], [], [], []
    for outer, inner, is_water in ((cells, bank, True), (bank, block, False)):
        for side in (SOUTH, NORTH, WEST, EAST):
            strip = outer.copy()
            if side in (SOUTH, NORTH):
                strip[:, NORTH if side == SOUTH else SOUTH] = inner[:, side]
            else:
                strip[:, [SOUTH, NORTH]] = inner[:, [SOUTH, NORTH]]
                strip[:, EAST if side == WEST else WEST] = inner[:, side]
            there = np.flatnonzero(outer[:, side] != inner[:, side])
            parts.append(strip[there])
            cuts.append(number[there, side])
            owners.append(there)
            wet.append(np.full(len(there), is_water))
    return block, np.vstack(parts), np.concatenate(cuts), np.concatenate(owners), np.concatenate(wet)


def _divide(rects: Ints, kind: Ints, target: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Divide rectangles by the usual size of their region until there are ``target``."""
    out, origin, _ = cut(
        rects,
        lambda r, o: area(r) / layout.PARCEL_M2[kind[o]],
        rng,
        target=target,
        smallest=lambda r, o: layout.PARCEL_SIDE[kind[o]],
    )
    return out, origin


def _sweep(rects: Ints) -> Ints:
    """An order in which neighbours come near each other: along a curve that fills the plane."""
    x, y = middle(rects)
    return np.argsort(_hilbert((x / 8).astype(np.int64), (y / 8).astype(np.int64)), kind="stable")


def _hilbert(x: Ints, y: Ints, bits: int = 16) -> Ints:
    x, y = x.copy(), y.copy()
    out = np.zeros(len(x), np.int64)
    step = np.int64(1) << (bits - 1)
    while step:
        right, up = (x & step) > 0, (y & step) > 0
        out += step * step * ((3 * right.astype(np.int64)) ^ up.astype(np.int64))
        turn = ~up
        flip = turn & right
        x[flip] = (step - 1) - (x[flip] & (step - 1))
        y[flip] = (step - 1) - (y[flip] & (step - 1))
        x[turn], y[turn] = y[turn], x[turn].copy()
        step >>= 1
    return out
