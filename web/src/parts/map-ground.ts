// A basemap of vector tiles: calm ground under the parcels, coloured by what its layers are called.
import type { ExpressionSpecification, LayerSpecification, SourceSpecification } from 'maplibre-gl'
import { FONT } from './map-types'
import type { Told } from './map-types'

/** Kind of ground -> fill, line, width of the line. In the order in which they lie over each other. */
const LOOKS: Record<string, [string, string, number]> = {
  other: ['#ecebe6', '#c6c5bf', 0.8],
  green: ['#e2ecdc', '#c3d4b8', 0.6],
  water: ['#cfe2ee', '#9fc3d9', 1.2],
  building: ['#e4e0d9', '#cdc7bd', 0.5],
  road: ['#e7e2d6', '#b9b09c', 1.8],
  rail: ['#d9d9d9', '#8d9298', 1.2],
  boundary: ['#f1f3f0', '#9aa2aa', 0.8],
  name: ['#f1f3f0', '#9aa2aa', 0.5],
}
const NAME: ExpressionSpecification = ['coalesce', ['get', 'name:zh'], ['get', 'name_zh'], ['get', 'name'], ['get', 'NAME'], ['get', '名称'], '']

export function groundOf(told: Told): { source: SourceSpecification; layers: LayerSpecification[] } | null {
  const { basemap } = told
  if (!basemap?.vector) return null
  const order = Object.keys(LOOKS)
  const known = [...basemap.vector].sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind))
  const layers: LayerSpecification[] = []
  const of = (type: string): ExpressionSpecification => ['==', ['geometry-type'], type]
  for (const { id, kind } of known) {
    const [fill, line, width] = LOOKS[kind] ?? LOOKS.other
    if (kind !== 'boundary' && kind !== 'name')
      layers.push({ id: `ground-${id}-fill`, type: 'fill', source: 'basemap0', 'source-layer': id, filter: of('Polygon'), paint: { 'fill-color': fill } })
    layers.push({ id: `ground-${id}-line`, type: 'line', source: 'basemap0', 'source-layer': id, filter: of('LineString'),
      layout: { 'line-join': 'round', 'line-cap': 'round' },
      paint: { 'line-color': line, 'line-width': ['interpolate', ['exponential', 1.5], ['zoom'], 8, width * 0.5, 14, width, 18, width * 4] } })
  }
  for (const { id, kind } of known)
    if (kind !== 'building')
      layers.push({ id: `ground-${id}-name`, type: 'symbol', source: 'basemap0', 'source-layer': id, filter: of('Point'),
        layout: { 'text-field': NAME, 'text-font': FONT, 'text-size': 12, 'text-max-width': 8, 'text-padding': 8 },
        paint: { 'text-color': '#5b6570', 'text-halo-color': '#ffffff', 'text-halo-width': 1.4 } })
  return {
    source: { type: 'vector', tiles: [location.origin + basemap.tiles[0]], minzoom: basemap.minzoom ?? 0, maxzoom: basemap.maxzoom, attribution: basemap.attribution },
    layers,
  }
}
