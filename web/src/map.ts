// Maps: <div class="ph-map" data-map="{% url 'maps:layers' %}" …>. What it shows is said by attributes:
//
//   data-filter="q=…&township=…"  which parcels, as the list's address says it
//   data-parcel="990112001P…"     outline this parcel, and go there
//   data-bounds="w,s,e,n"         go there instead (degrees)
//   data-day="2026-01-31"         as it was on that day
//   data-layers="townships,…"     which layers beside the parcels (default: those that are usually shown)
//   data-colour="class"           outcome (default), class, stage, plain
//   data-mode="view"              view, measure, select; draw fills a form:
//     data-draw="polygon"           polygon, line, or edit (the parcel's own shape is changed)
//     data-field="id_shape"         the field that takes the shape as GeoJSON, empty until it is finished
//   data-marks="{…}"              draw this GeoJSON of shapes and places over everything, and go there
//   data-changes="…"             what another standard would turn, over it: see parts/map-changes.ts
//   data-full                     the page's whole map: its place stands in the address; with [data-map-panel] beside it
//
// When it is ready the element has data-ready. A map that htmx brings in is started too.
import 'maplibre-gl/dist/maplibre-gl.css'
import './parts/map.css'
import { addChanges } from './parts/map-changes'
import { addPanel } from './parts/map-panel'
import { addCard, addTools } from './parts/map-tools'
import { ask } from './parts/map-types'
import type { Told } from './parts/map-types'
import { MapView } from './parts/map-view'

const told = new Map<string, Promise<Told | null>>()

async function begin(place: HTMLElement): Promise<void> {
  if (place.dataset.begun !== undefined) return
  place.dataset.begun = ''
  const address = place.dataset.map || '/maps/layers'
  if (!told.has(address)) told.set(address, ask<Told>(address))
  const known = await told.get(address)!
  if (!known) {
    place.append(Object.assign(document.createElement('p'), { className: 'ph-map-failed', textContent: place.dataset.failed ?? '地图暂时打不开。' }))
    return
  }
  try {
    const view = new MapView(place, known)
    addTools(view)
    addCard(view)
    const panel = document.querySelector<HTMLElement>('[data-map-panel]')
    if (place.dataset.changes) addChanges(view)
    if ('full' in place.dataset && panel) addPanel(view, panel)
  } catch (error) {
    // a browser without WebGL
    console.warn(error)
    place.append(Object.assign(document.createElement('p'), { className: 'ph-map-failed', textContent: known.words.no_webgl }))
  }
}

const start = (): void => document.querySelectorAll<HTMLElement>('[data-map]').forEach((place) => void begin(place))
document.addEventListener('htmx:after:swap', start)
start()
