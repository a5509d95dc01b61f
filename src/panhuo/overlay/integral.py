"""The area that two polygons share, as a sum over pairs of their edges.

A point belongs to a polygon as often as the polygon winds round it (shells +1, holes -1). Column by column, with the
signed edges s_e y_e(x) of P and s_f y_f(x) of Q,

    area(P and Q) = sum over e, f of  s_e s_f * integral over the common x of min(y_e - y_f, 0) dx

which holds because the signs of P's edges over any x add up to zero. No point of intersection is computed, nothing can
fail on an invalid ring, and the error is the rounding of a sum (idea: Franklin's and Narayanaswami's work on overlay
areas, 1994). Q's edges may be changed freely where P is not: outside P's columns and below P's box they are left
out, above it they are laid flat on the top of the box and melt into one another. So most of a large zone's edges
vanish before any pair is looked at.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from panhuo.land.kernels import inner
from panhuo.overlay.prepared import RUN

_FAST = {"reassoc", "contract", "arcp", "nsz"}  # nothing that would forbid NaN or infinity
_LANES = 8
LONG = 128  # from so many edges on, on both sides, putting them in order pays

# Rows of an edge list: x left, x right, y at the left, slope, sign, least y.
LEFT, RIGHT, Y, SLOPE, SIGN, LOW = range(6)
EDGE_ROWS = 6


@inner()
def fits(edges, need):  # type: ignore[no-untyped-def]
    """Whether ``need`` edges fit into the list."""
    return edges.shape[1] >= need + _LANES


@njit(cache=True, nogil=True)
def room(edges, need):  # type: ignore[no-untyped-def]
    """``edges``, or a larger list if ``need`` edges do not fit."""
    if fits(edges, need):
        return edges
    return np.empty((EDGE_ROWS, 2 * need + _LANES))


@inner()
def _push(edges, n, xa, ya, xb, yb, sign):  # type: ignore[no-untyped-def]
    """Add the edge from a to b; one so steep that its column has no width is left out."""
    dx, dy = xb - xa, yb - ya
    if abs(dx) * 1e16 <= abs(dy) or dx == 0.0:
        return n
    return _put(edges, n, xa, ya, xb, yb, dy / dx, sign)


@inner()
def _put(edges, n, xa, ya, xb, yb, slope, sign):  # type: ignore[no-untyped-def]
    forward = xb > xa
    edges[LEFT, n] = xa if forward else xb
    edges[RIGHT, n] = xb if forward else xa
    edges[Y, n] = ya if forward else yb
    edges[SLOPE, n] = slope
    edges[SIGN, n] = sign if forward else -sign
    edges[LOW, n] = ya if ya < yb else yb
    return n + 1


@inner()
def all_edges(layer, row, ox, oy, edges):  # type: ignore[no-untyped-def]
    """Every edge of a polygon, seen from (ox, oy). ``edges`` must have room."""
    coords, rings, geoms = layer.coords, layer.rings, layer.geoms
    n = 0
    for ring in range(geoms[row], geoms[row + 1]):
        sign = layer.signs[ring]
        start, end = rings[ring], rings[ring + 1]
        xa, ya = coords[start, 0] - ox, coords[start, 1] - oy
        for p in range(start + 1, end):
            xb, yb = coords[p, 0] - ox, coords[p, 1] - oy
            n = _push(edges, n, xa, ya, xb, yb, sign)
            xa, ya = xb, yb
    return n


@inner()
def _within(x, width):  # type: ignore[no-untyped-def]
    return 0.0 if x < 0.0 else (width if x > width else x)


@inner()
def edges_in_window(layer, row, ox, oy, width, height, edges):  # type: ignore[no-untyped-def]
    """A polygon's edges as the window [0, width] x [0, height] at (ox, oy) needs them; ``edges`` must have room.

    Edges under the window and beside it are left out, edges over it lie flat on its top.
    """
    coords, geoms = layer.coords, layer.geoms
    n = 0
    for ring in range(geoms[row], geoms[row + 1]):
        box = layer.ring_boxes[ring]
        # A closed ring beside or under the window gives no edge, and one over it comes back to where it began.
        if box[1] < ox or box[0] > ox + width or box[3] < oy or box[2] > oy + height:
            continue
        sign = layer.signs[ring]
        start = layer.rings[ring]
        count = layer.rings[ring + 1] - start - 1
        first_run = layer.first_run[ring]
        has_runs = layer.first_run[ring + 1] > first_run
        flat, flat_from, flat_to = False, 0.0, 0.0  # a chain of edges over the window
        j = 0
        stop = 0 if has_runs else count
        while j < count:
            if has_runs:
                # The longest run that begins here, then shorter ones, until one can be passed over.
                level, base, shift = 1, first_run, 4
                runs_here = count >> 4
                passed = False
                if (j >> 4) < runs_here:
                    while (j & ((1 << (shift + 4)) - 1)) == 0 and (j >> (shift + 4)) < (runs_here >> 4):
                        base += runs_here
                        runs_here >>= 4
                        shift += 4
                        level += 1
                    while level > 0:
                        b = base + (j >> shift)
                        if layer.runs[b, 3] <= oy or layer.runs[b, 1] <= ox or layer.runs[b, 0] >= ox + width:
                            j += 1 << shift
                            passed = True
                            break
                        if layer.runs[b, 2] >= oy + height:
                            xa = _within(coords[start + j, 0] - ox, width)
                            j += 1 << shift
                            xb = _within(coords[start + j, 0] - ox, width)
                            if flat and flat_to == xa:
                                flat_to = xb
                            else:
                                if flat:
                                    n = _push(edges, n, flat_from, height, flat_to, height, sign)
                                flat, flat_from, flat_to = True, xa, xb
                            passed = True
                            break
                        level -= 1
                        shift -= 4
                        if level > 0:
                            runs_here = count >> shift
                            base -= runs_here
                    if passed:
                        continue
                    stop = j + RUN
                else:
                    stop = count
            # unsigned: an index that cannot be negative needs no look at its sign
            first, last = np.uint64(start + j), np.uint64(start + stop + 1)
            j = stop
            xb, yb = coords[first, 0] - ox, coords[first, 1] - oy
            for k in range(first + np.uint64(1), last):
                xa, ya = xb, yb
                xb, yb = coords[k, 0] - ox, coords[k, 1] - oy
                # one branch for all that is of no use, because each would be guessed wrong now and then
                if (max(ya, yb) <= 0.0) | (max(xa, xb) <= 0.0) | (min(xa, xb) >= width):
                    continue
                ca, cb = _within(xa, width), _within(xb, width)
                if min(ya, yb) >= height:
                    if flat and flat_to == ca:
                        flat_to = cb
                    else:
                        if flat:
                            n = _push(edges, n, flat_from, height, flat_to, height, sign)
                        flat, flat_from, flat_to = True, ca, cb
                elif abs(cb - ca) * 1e16 > abs(yb - ya):
                    slope = (yb - ya) / (xb - xa)
                    cya = ya if ca == xa else ya + slope * (ca - xa)
                    cyb = yb if cb == xb else ya + slope * (cb - xa)
                    n = _put(edges, n, ca, cya, cb, cyb, slope, sign)
        if flat:
            n = _push(edges, n, flat_from, height, flat_to, height, sign)
    return n


@inner()
def _filled_up(q, m):  # type: ignore[no-untyped-def]
    """How many edges ``q`` has when it is filled up to whole lanes with edges that count nothing."""
    full = (m + _LANES - 1) // _LANES * _LANES
    for k in range(m, full):
        q[LEFT, k], q[RIGHT, k], q[Y, k], q[SLOPE, k], q[SIGN, k] = 0.0, 0.0, 0.0, 0.0, 0.0
    return full


@inner()
def integral(p, n, q, m):  # type: ignore[no-untyped-def]
    """The sum over all edge pairs; ``p`` must hold all edges of its polygon, ``q`` is filled up to whole lanes."""
    full = _filled_up(q, m)
    x0, x1, top = _extent(q, 0, m)
    total = 0.0
    for i in range(n):
        if p[LEFT, i] >= x1 or p[RIGHT, i] <= x0 or p[LOW, i] >= top:
            continue  # over none of them, or above all: min(y_e - y_f, 0) is zero
        total += p[SIGN, i] * _with_edge(p[LEFT, i], p[RIGHT, i], p[Y, i], p[SLOPE, i], q, 0, full)
    return total


@inner()
def integral_once(layer, row, ox, oy, q, m):  # type: ignore[no-untyped-def]
    """The same with all edges of a polygon that is met only once: those of no use are not even made."""
    coords, rings, geoms = layer.coords, layer.rings, layer.geoms
    full = _filled_up(q, m)
    x0, x1, top = _extent(q, 0, m)
    total = 0.0
    for ring in range(geoms[row], geoms[row + 1]):
        sign = layer.signs[ring]
        start, end = rings[ring], rings[ring + 1]
        xb, yb = coords[start, 0] - ox, coords[start, 1] - oy
        for p in range(start + 1, end):
            xa, ya = xb, yb
            xb, yb = coords[p, 0] - ox, coords[p, 1] - oy
            if (min(xa, xb) >= x1) | (max(xa, xb) <= x0) | (min(ya, yb) >= top):
                continue
            dx, dy = xb - xa, yb - ya
            if abs(dx) * 1e16 <= abs(dy) or dx == 0.0:
                continue
            if dx > 0.0:
                total += sign * _with_edge(xa, xb, ya, dy / dx, q, 0, full)
            else:
                total -= sign * _with_edge(xb, xa, yb, dy / dx, q, 0, full)
    return total


@inner()
def _extent(q, first, last):  # type: ignore[no-untyped-def]
    """Least and greatest x and greatest y of some edges."""
    x0, x1, top = np.inf, -np.inf, -np.inf
    for k in range(first, last):
        x0, x1 = min(x0, q[LEFT, k]), max(x1, q[RIGHT, k])
        top = max(top, max(q[Y, k], q[Y, k] + q[SLOPE, k] * (q[RIGHT, k] - q[LEFT, k])))
    return x0, x1, top


@inner(fastmath=_FAST)
def _with_edge(el, er, ey, es, q, first, last):  # type: ignore[no-untyped-def]
    """The edge from x ``el`` to ``er``, y ``ey`` at its left, slope ``es``, with some edges of ``q`` (whole lanes)."""
    left, right, base, slope, sign = q[LEFT], q[RIGHT], q[Y], q[SLOPE], q[SIGN]
    part = 0.0
    for k in range(first, last):
        lo = el if el > left[k] else left[k]
        hi = er if er < right[k] else right[k]
        width = hi - lo
        d0 = (ey + es * (lo - el)) - (base[k] + slope[k] * (lo - left[k]))
        d1 = d0 + (es - slope[k]) * width
        small = d0 if d0 < d1 else d1
        large = d1 if d0 < d1 else d0
        below = small if small < 0.0 else 0.0
        above = large if large > 0.0 else 0.0
        span = above - below
        span = span if span > 1e-300 else 1e-300
        mean = 0.5 * (small + large) if large <= 0.0 else -0.5 * below * (below / span)
        part += sign[k] * (width * mean if width > 0.0 else 0.0)
    return part


@njit(cache=True, nogil=True)
def long_integral(p, n, q, m):  # type: ignore[no-untyped-def]
    """The same for two long lists: with ``q`` in the order of x, an edge of ``p`` meets few runs of it."""
    full = _filled_up(q, m)
    order = np.argsort(q[LEFT, :m] + q[RIGHT, :m])
    lanes = np.zeros((EDGE_ROWS, full))
    for k in range(m):
        for c in range(EDGE_ROWS):
            lanes[c, k] = q[c, order[k]]
    blocks = full // _LANES
    halls = (blocks + _LANES - 1) // _LANES
    block, hall = np.empty((blocks, 3)), np.empty((halls, 3))
    for b in range(blocks):
        block[b, 0], block[b, 1], block[b, 2] = _extent(lanes, b * _LANES, min((b + 1) * _LANES, m))
    for h in range(halls):
        part = block[h * _LANES : (h + 1) * _LANES]
        hall[h, 0], hall[h, 1], hall[h, 2] = part[:, 0].min(), part[:, 1].max(), part[:, 2].max()
    total = 0.0
    for i in range(n):
        left, right, low = p[LEFT, i], p[RIGHT, i], p[LOW, i]
        for h in range(halls):
            if left >= hall[h, 1] or right <= hall[h, 0] or low >= hall[h, 2]:
                continue
            for b in range(h * _LANES, min((h + 1) * _LANES, blocks)):
                if left >= block[b, 1] or right <= block[b, 0] or low >= block[b, 2]:
                    continue
                part = _with_edge(left, right, p[Y, i], p[SLOPE, i], lanes, b * _LANES, (b + 1) * _LANES)
                total += p[SIGN, i] * part
    return total
