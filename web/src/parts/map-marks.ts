// What a page points at: shapes and places of its own, drawn over everything, and the box that holds what matters.
import { LngLatBounds } from 'maplibre-gl'
import type { Map } from 'maplibre-gl'
import type { Box } from './map-types'

const RED = '#b91c1c'
const INK = '#0b3d91'

/** Draws a GeoJSON text of features with `kind` (shape, overlap, place); the box of the places and overlaps, else of all. */
export function addMarks(map: Map, text: string): Box | null {
  const told = JSON.parse(text) as GeoJSON.FeatureCollection | null
  if (!told?.features.length) return null
  map.addSource('marks', { type: 'geojson', data: told })
  map.addLayer({ id: 'marks-overlap', type: 'fill', source: 'marks', filter: ['==', ['get', 'kind'], 'overlap'],
    paint: { 'fill-color': RED, 'fill-opacity': 0.55 } })
  map.addLayer({ id: 'marks-line', type: 'line', source: 'marks', filter: ['!=', ['get', 'kind'], 'place'],
    paint: { 'line-color': ['match', ['get', 'kind'], 'overlap', RED, INK], 'line-width': ['match', ['get', 'kind'], 'overlap', 2, 3] } })
  map.addLayer({ id: 'marks-place', type: 'circle', source: 'marks', filter: ['==', ['get', 'kind'], 'place'],
    paint: { 'circle-radius': 8, 'circle-color': RED, 'circle-stroke-color': '#ffffff', 'circle-stroke-width': 3 } })
  const meant = told.features.filter((f) => f.properties?.kind !== 'shape')
  const box = new LngLatBounds()
  const reach = (part: unknown): void => {
    if (!Array.isArray(part)) return
    if (typeof part[0] === 'number') box.extend(part as [number, number])
    else part.forEach(reach)
  }
  for (const feature of meant.length ? meant : told.features) if ('coordinates' in feature.geometry) reach(feature.geometry.coordinates)
  return box.isEmpty() ? null : (box.toArray().flat() as Box)
}
