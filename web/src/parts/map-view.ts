// One map on a page: its layers, filter, colours, highlight and what happens on a click.
import { AttributionControl, Map, NavigationControl, ScaleControl, setWorkerUrl } from 'maplibre-gl'
import type { GeoJSONSource, LngLatBoundsLike, MapGeoJSONFeature, MapMouseEvent, VectorTileSource } from 'maplibre-gl'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url'
import { addMarks } from './map-marks'
import { colour, emptyStyle, layersOf } from './map-style'
import { ask, withQuery } from './map-types'
import type { Box, Colouring, Figures, Layer, Shape, Told } from './map-types'

setWorkerUrl(workerUrl)

/** Parameters of an address that are the filter of the list. */
export const FILTER = ['q', 'township', 'outcome', 'main_class', 'stage', 'use', 'area_from', 'area_to', 'unit', 'upper', 'box', 'polygon', 'day']

export class MapView extends EventTarget {
  readonly map: Map
  colouring: Colouring
  filter = new URLSearchParams()
  figures: Figures | null = null
  /** While somebody draws or measures, a click is theirs. */
  busy = false
  private chosen: number | null = null
  private readonly shown: Set<string>
  /** The address says where to look. */
  private readonly placed: boolean

  constructor(
    readonly place: HTMLElement,
    readonly told: Told,
  ) {
    super()
    const given = place.dataset
    const asked = (given.layers ?? '').split(',').filter(Boolean)
    this.shown = new Set(told.layers.filter((l) => l.fixed || (asked.length ? asked.includes(l.id) : l.on)).map((l) => l.id))
    this.colouring = told.colourings.find((c) => c.id === given.colour) ?? told.colourings[0]
    this.filter = filterOf(new URLSearchParams(given.filter ?? ''))
    if (given.day) this.filter.set('day', given.day)
    const words = told.words
    const box = boxOf(given.bounds)
    this.placed = box !== null || ('full' in given && /^#\d/.test(location.hash))
    this.map = new Map({
      container: place,
      style: emptyStyle(told),
      hash: 'full' in given,
      ...(box ? { bounds: box as LngLatBoundsLike, fitBoundsOptions: { padding: 30, maxZoom: 17 } } : { center: [104, 36] as [number, number], zoom: 3 }),
      maxZoom: 20,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      attributionControl: false,
      cooperativeGestures: !('full' in given),
      locale: {
        'Map.Title': words.map,
        'NavigationControl.ZoomIn': words.zoom_in,
        'NavigationControl.ZoomOut': words.zoom_out,
        'AttributionControl.ToggleAttribution': words.source,
        'ScaleControl.Meters': words.metres,
        'ScaleControl.Kilometers': words.kilometres,
        'CooperativeGesturesHandler.WindowsHelpText': words.ctrl_scroll,
        'CooperativeGesturesHandler.MacHelpText': words.ctrl_scroll,
        'CooperativeGesturesHandler.MobileHelpText': words.two_fingers,
      },
    })
    this.map.touchZoomRotate.disableRotation()
    this.map.keyboard.disableRotation()
    this.map.addControl(new NavigationControl({ showCompass: false }), 'top-right')
    this.map.addControl(new ScaleControl({ maxWidth: 120 }), 'bottom-left')
    this.map.addControl(new AttributionControl({ compact: matchMedia('(max-width: 767px)').matches, customAttribution: words.system }), 'bottom-right')
    this.map.on('load', () => void this.begin())
    this.loading()
    this.map.on('error', (event) => console.warn('map:', event.error?.message ?? event))
  }

  /** Says that something is still on its way, when that takes a moment. */
  private loading(): void {
    const said = document.createElement('div')
    said.className = 'ph-map-loading'
    said.setAttribute('role', 'status')
    this.place.append(said)
    let waiting = 0
    this.map.on('dataloading', () => {
      waiting ||= window.setTimeout(() => (said.textContent = this.told.words.loading), 700)
    })
    this.map.on('idle', () => {
      window.clearTimeout(waiting)
      waiting = 0
      said.textContent = ''
    })
  }

  private async begin(): Promise<void> {
    for (const layer of this.told.layers) if (this.shown.has(layer.id)) this.add(layer)
    this.map.addSource('highlight', { type: 'geojson', data: empty() })
    this.map.addLayer({ id: 'highlight-casing', type: 'line', source: 'highlight', paint: { 'line-color': '#ffffff', 'line-width': 6 } })
    this.map.addLayer({ id: 'highlight-line', type: 'line', source: 'highlight', paint: { 'line-color': '#0b3d91', 'line-width': 3 } })
    colour(this.map, this.colouring, !this.told.basemap)
    this.clicks()
    const given = this.place.dataset
    if (given.parcel) await this.highlight(given.parcel, !this.placed)
    const marked = given.marks ? addMarks(this.map, given.marks) : null
    if (marked) this.fit(marked, 18)
    // one of two maps beside each other places both, where something changes
    await this.count(!this.placed && !given.parcel && !marked && !('fit' in given) && !given.side)
    this.place.dataset.ready = ''
    this.tell('ready')
  }

  tell(what: string): void {
    this.dispatchEvent(new Event(what))
  }

  private tilesOf(layer: Layer): string[] {
    const address = this.told.addresses.tiles.replace('{layer}', layer.id)
    return [location.origin + (layer.filtered ? withQuery(address, this.filter) : address)]
  }

  private add(layer: Layer): void {
    this.map.addSource(layer.id, {
      type: 'vector',
      tiles: this.tilesOf(layer),
      minzoom: layer.minzoom ?? 0,
      maxzoom: 18,
    })
    // lines of divisions and names of parcels lie above everything
    const above = layer.kind === 'parcels' ? 'townships-line' : layer.kind === 'townships' ? undefined : 'parcels-fill'
    const before = above && this.map.getLayer(above) ? above : this.map.getLayer('highlight-casing') ? 'highlight-casing' : undefined
    // names of overlays are read through nothing: only names of parcels lie above them
    const names = this.map.getLayer('parcels-name') ? 'parcels-name' : before
    for (const made of layersOf(this.map, this.told, layer)) this.map.addLayer(made, made.type === 'symbol' && before === 'parcels-fill' ? names : before)
  }

  /** Shows or hides a layer. */
  show(id: string, on: boolean): void {
    const layer = this.told.layers.find((l) => l.id === id)
    if (!layer || on === this.shown.has(id)) return
    if (on) {
      this.shown.add(id)
      if (!this.map.getSource(id)) this.add(layer)
    } else this.shown.delete(id)
    for (const made of this.map.getStyle().layers)
      if ('source' in made && made.source === id) this.map.setLayoutProperty(made.id, 'visibility', on ? 'visible' : 'none')
  }

  shows(id: string): boolean {
    return this.shown.has(id)
  }

  paint(id: string): void {
    this.colouring = this.told.colourings.find((c) => c.id === id) ?? this.colouring
    colour(this.map, this.colouring, !this.told.basemap)
    this.tell('coloured')
  }

  /** Another filter: tiles and figures are asked for anew. */
  async narrow(filter: URLSearchParams, fit = false): Promise<void> {
    this.filter = filterOf(filter)
    for (const layer of this.told.layers)
      if (layer.filtered) (this.map.getSource(layer.id) as VectorTileSource | undefined)?.setTiles(this.tilesOf(layer))
    this.tell('narrowed')
    await this.count(fit)
  }

  private async count(fit: boolean): Promise<void> {
    const asked = this.filter.toString()
    const figures = await ask<Figures>(withQuery(this.told.addresses.figures, this.filter))
    if (asked !== this.filter.toString()) return
    this.figures = figures
    if (fit && figures?.box) this.fit(figures.box)
    this.tell('counted')
  }

  fit(box: Box, deepest = 17): void {
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches
    this.map.fitBounds(box as LngLatBoundsLike, { padding: 40, maxZoom: deepest, animate: !calm, duration: 600 })
  }

  /** Outlines a parcel by its number. */
  async highlight(number: string, fit: boolean): Promise<Shape | null> {
    const day = this.filter.get('day')
    const address = this.told.addresses.shape.replace('{number}', encodeURIComponent(number))
    const found = await ask<Shape>(withQuery(address, new URLSearchParams(day ? { day } : {})))
    this.outline(found?.shape ?? null)
    if (fit && found?.box) this.fit(found.box)
    return found
  }

  outline(shape: GeoJSON.Geometry | null): void {
    const data = shape ? { type: 'Feature' as const, geometry: shape, properties: {} } : empty()
    ;(this.map.getSource('highlight') as GeoJSONSource | undefined)?.setData(data)
  }

  private clicks(): void {
    const { map } = this
    const top = (point: MapMouseEvent['point']): MapGeoJSONFeature | undefined => {
      const layers = ['changes-cells', 'cells-all', 'parcels-fill'].filter((id) => map.getLayer(id))
      return map.queryRenderedFeatures(point, { layers })[0]
    }
    map.on('click', (event) => {
      if (!this.busy) this.pick(top(event.point), event.lngLat.toArray())
    })
    map.on('mousemove', (event) => {
      if (!this.busy) map.getCanvas().style.cursor = top(event.point) ? 'pointer' : ''
    })
    // by the keyboard: arrows move the map, Enter picks what lies in its middle
    map.getCanvas().addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || this.busy) return
      event.preventDefault()
      this.pick(top(map.project(map.getCenter())), map.getCenter().toArray())
    })
  }

  private pick(feature: MapGeoJSONFeature | undefined, at: [number, number]): void {
    if (feature && ['changes-cells', 'cells-all'].includes(feature.layer.id)) {
      this.map.easeTo({ center: at, zoom: Math.min(this.map.getZoom() + 2, this.told.zooms.close) })
      return
    }
    this.chosen = typeof feature?.id === 'number' ? feature.id : null
    this.dispatchEvent(new CustomEvent<number | null>('picked', { detail: this.chosen }))
  }
}

function empty(): GeoJSON.FeatureCollection {
  return { type: 'FeatureCollection', features: [] }
}

export function filterOf(query: URLSearchParams): URLSearchParams {
  const kept = new URLSearchParams()
  for (const name of FILTER) {
    const value = query.get(name)
    if (value) kept.set(name, value)
  }
  return kept
}

function boxOf(text: string | undefined): Box | null {
  const numbers = (text ?? '').split(',').map(Number)
  return numbers.length === 4 && numbers.every(Number.isFinite) && text ? (numbers as Box) : null
}
