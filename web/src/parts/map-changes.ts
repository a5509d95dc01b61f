// What another standard would turn, over the map of parcels: circles from afar, the parcels themselves from near.
//
//   data-changes="{% url … %}"  asked for what turns; its query says which thresholds are moved
//   data-side="before"          the map beside it: the same parcels as they are judged now
//   data-beside="id"            moves together with that map
//   [data-changes-now="query"]  anywhere on the page, brought in by htmx: other thresholds
import type { GeoJSONSource } from 'maplibre-gl'
import { ask, FONT, withQuery } from './map-types'
import type { Box } from './map-types'
import type { MapView } from './map-view'

interface Changes {
  n: number
  box: Box | null
  cells: [number, number, number, number, number][]
  parcels: [number, string, string][]
  more: number
}

/** As the legend beside the map says: identified anew, no longer, otherwise. */
const GAINED = '#c2410c'
const LOST = '#1d4f91'
const OTHER = '#4b5563'
const twins = new Map<string, MapView>()

export function addChanges(view: MapView): void {
  const { place, map } = view
  const before = place.dataset.side === 'before'
  let query = new URLSearchParams()
  let marked: number[] = []
  let asked = 0
  let placed = false

  const draw = (): void => {
    map.addSource('changes', { type: 'geojson', data: cellsOf([]) })
    map.addLayer({ id: 'changes-cells', type: 'circle', source: 'changes', maxzoom: view.told.zooms.close,
      paint: { 'circle-color': ['case', ['>', ['get', 'gained'], ['get', 'lost']], GAINED, ['<', ['get', 'gained'], ['get', 'lost']], LOST, OTHER],
        'circle-opacity': 0.92, 'circle-stroke-color': '#ffffff', 'circle-stroke-width': 1.5,
        'circle-radius': ['interpolate', ['linear'], ['sqrt', ['get', 'n']], 1, 13, 10, 21, 30, 27, 200, 36] } })
    map.addLayer({ id: 'changes-text', type: 'symbol', source: 'changes', maxzoom: view.told.zooms.close,
      layout: { 'text-field': ['get', 'text'], 'text-font': FONT, 'text-size': 12, 'text-line-height': 1.05, 'text-allow-overlap': true },
      paint: { 'text-color': '#ffffff' } })
    const kind = ['feature-state', 'turn']
    map.addLayer({ id: 'changes-line', type: 'line', source: 'parcels', 'source-layer': 'parcels', minzoom: view.told.zooms.near,
      layout: { 'line-join': 'round' },
      paint: { 'line-color': ['match', kind, 'gained', GAINED, 'lost', LOST, OTHER] as never,
        'line-width': ['case', ['to-boolean', kind], 3.5, 0] as never } })
    if (!before) for (const id of ['cells-all', 'cells-identified', 'cells-text']) map.setLayoutProperty(id, 'visibility', 'none')
  }

  const refresh = async (): Promise<void> => {
    const now = ++asked
    const [[west, south], [east, north]] = map.getBounds().toArray()
    const wide = new URLSearchParams(query)
    const [dx, dy] = [(east - west) / 4, (north - south) / 4]
    wide.set('zoom', String(Math.max(0, Math.floor(map.getZoom()))))
    if (placed) wide.set('window', [west - dx, south - dy, east + dx, north + dy].map((v) => v.toFixed(6)).join(','))
    const found = await ask<Changes>(withQuery(place.dataset.changes!, wide))
    if (now !== asked || !found) return
    if (!placed && found.box && 'fit' in place.dataset) view.fit(found.box, 15)
    placed = true
    ;(map.getSource('changes') as GeoJSONSource).setData(cellsOf(before ? [] : found.cells))
    const at = { source: 'parcels', sourceLayer: 'parcels' }
    for (const id of marked) map.removeFeatureState({ ...at, id })
    for (const [id, was, becomes] of found.parcels)
      map.setFeatureState({ ...at, id }, { would: before ? was : becomes, turn: turnOf(was, becomes) })
    marked = found.parcels.map(([id]) => id)
    place.dataset.changed = String(found.n)
    const left = place.closest('.card')?.querySelector<HTMLElement>('[data-changes-left]')
    if (left) left.hidden = found.more === 0
    view.dispatchEvent(new CustomEvent('changed', { detail: found.n }))
  }

  // a map that another one leads ends a move at every frame
  let waiting = 0
  const soon = (): void => {
    window.clearTimeout(waiting)
    waiting = window.setTimeout(() => void refresh(), 150)
  }

  view.addEventListener('ready', () => {
    draw()
    void refresh()
    map.on('moveend', soon)
  })
  document.addEventListener('htmx:after:swap', () => {
    const said = document.querySelector<HTMLElement>('[data-changes-now]')?.dataset.changesNow ?? ''
    if (said === query.toString()) return
    query = new URLSearchParams(said)
    if (map.getSource('changes')) void refresh()
  })
  if (place.id) twins.set(place.id, view)
  follow(view)
}

/** Two maps that lie beside each other move together. */
function follow(view: MapView): void {
  let led = false
  view.map.on('move', () => {
    const other = twins.get(view.place.dataset.beside ?? '')
    if (!other || led) return
    const center = view.map.getCenter()
    const there = other.map.getCenter()
    if (Math.abs(center.lng - there.lng) + Math.abs(center.lat - there.lat) < 1e-9 && Math.abs(view.map.getZoom() - other.map.getZoom()) < 1e-6) return
    led = true
    other.map.jumpTo({ center, zoom: view.map.getZoom() })
    led = false
  })
}

function turnOf(was: string, becomes: string): string {
  return becomes === 'identified' && was !== 'identified' ? 'gained' : was === 'identified' && becomes !== 'identified' ? 'lost' : 'other'
}

function cellsOf(cells: Changes['cells']): GeoJSON.FeatureCollection {
  return {
    type: 'FeatureCollection',
    features: cells.map(([lon, lat, gained, lost, other]) => ({
      type: 'Feature',
      geometry: { type: 'Point', coordinates: [lon, lat] },
      properties: { gained, lost, n: gained + lost + other, text: [gained ? `+${gained}` : '', lost ? `−${lost}` : '', other ? `~${other}` : ''].filter(Boolean).join('\n') },
    })),
  }
}
