// How the layers are drawn: the server's looks as MapLibre's style.
import type { ExpressionSpecification, LayerSpecification, Map, StyleSpecification } from 'maplibre-gl'
import { groundOf } from './map-ground'
import { FONT } from './map-types'
import type { Colouring, Layer, Look, Told } from './map-types'

const INK = '#1d2733'
/** Parts of a pattern's tile in pixels of the screen; drawn twice as fine. */
const SIDE = 8

export function emptyStyle(told: Told): StyleSpecification {
  const style: StyleSpecification = {
    version: 8,
    sources: {},
    layers: [{ id: 'ground', type: 'background', paint: { 'background-color': '#f1f3f0' } }],
  }
  const ground = groundOf(told)
  if (ground) {
    style.sources.basemap0 = ground.source
    style.layers.push(...ground.layers)
    return style
  }
  told.basemap?.tiles.forEach((tiles, k) => {
    style.sources[`basemap${k}`] = {
      type: 'raster',
      tiles: [location.origin + tiles],
      tileSize: 256,
      minzoom: told.basemap!.minzoom ?? 0,
      maxzoom: told.basemap!.maxzoom,
      attribution: k === 0 ? told.basemap!.attribution : '',
    }
    style.layers.push({ id: `basemap${k}`, type: 'raster', source: `basemap${k}`, paint: { 'raster-opacity': 0.85 } })
  })
  return style
}

/** A tile of a pattern: lines or dots in the colour of the outline on nothing. */
function drawn(look: Look): ImageData | null {
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = SIDE * 2
  const pen = canvas.getContext('2d')
  if (!pen) return null
  pen.strokeStyle = pen.fillStyle = look.line
  pen.lineWidth = 2.2
  const s = SIDE * 2
  const line = (x0: number, y0: number, x1: number, y1: number): void => {
    pen.beginPath()
    pen.moveTo(x0, y0)
    pen.lineTo(x1, y1)
    pen.stroke()
  }
  if (look.pattern === 'dots') {
    for (const [x, y] of [[s / 4, s / 4], [(3 * s) / 4, (3 * s) / 4]]) {
      pen.beginPath()
      pen.arc(x, y, 2.6, 0, 7)
      pen.fill()
    }
  } else if (look.pattern === 'level') {
    line(0, s / 2, s, s / 2)
  } else {
    const up = look.pattern === 'rising'
    for (const shift of [-s, 0, s]) line(shift, up ? s : 0, shift + s, up ? 0 : s)
  }
  return pen.getImageData(0, 0, s, s)
}

function patterned(map: Map, look: Look): string {
  const name = `${look.pattern}${look.line}`
  const image = map.hasImage(name) ? null : drawn(look)
  if (image) map.addImage(name, image, { pixelRatio: 2 })
  return name
}

function matching(colouring: Colouring, what: (look: Look) => string): ExpressionSpecification | string {
  const known = colouring.looks.filter((look) => look.value !== '')
  const other = what(colouring.looks[colouring.looks.length - 1])
  if (!colouring.property || !known.length) return other
  const pairs = known.flatMap((look) => [look.value, what(look)])
  // a map of changes says how a parcel would be judged
  const value = colouring.property === 'outcome' ? ['coalesce', ['feature-state', 'would'], ['get', 'outcome']] : ['get', colouring.property]
  return ['match', value, ...pairs, other] as unknown as ExpressionSpecification
}

/** Colours the parcels anew. */
export function colour(map: Map, colouring: Colouring, below: boolean): void {
  map.setPaintProperty('parcels-fill', 'fill-color', matching(colouring, (look) => look.fill))
  map.setPaintProperty('parcels-fill', 'fill-opacity', colouring.property ? (below ? 0.62 : 0.8) : below ? 0.05 : 0.6)
  map.setPaintProperty('parcels-line', 'line-color', matching(colouring, (look) => look.line))
  const hatched = colouring.looks.filter((look) => look.pattern && look.value !== '')
  map.setFilter('parcels-pattern', ['in', ['get', colouring.property || 'outcome'], ['literal', hatched.map((l) => l.value)]])
  if (hatched.length) {
    const names = hatched.flatMap((look) => [look.value, patterned(map, look)])
    const first = patterned(map, hatched[0])
    map.setPaintProperty('parcels-pattern', 'fill-pattern', ['match', ['get', colouring.property], ...names, first] as never)
  }
}

/** The layers of MapLibre that make up one of ours. */
export function layersOf(map: Map, told: Told, layer: Layer): LayerSpecification[] {
  const source = layer.id
  if (layer.kind === 'parcels') return parcels(told, source)
  const look = layer.look!
  if (layer.kind === 'townships')
    return [
      { id: 'townships-line', type: 'line', source, 'source-layer': 'townships', layout: { 'line-join': 'round' },
        paint: { 'line-color': look.line, 'line-width': 1.4, 'line-dasharray': [5, 2, 1.5, 2] } },
      { id: 'townships-name', type: 'symbol', source, 'source-layer': 'township_names', maxzoom: told.zooms.close,
        layout: {
          'text-field': ['format', ['get', 'name'], {}, '\n', {}, figures(), { 'font-scale': 0.85 }],
          'text-font': FONT, 'text-size': 14, 'text-padding': 4, 'text-anchor': 'bottom', 'text-offset': [0, -1],
          'symbol-sort-key': ['-', 0, ['coalesce', ['get', 'n'], 0]],
        },
        paint: { 'text-color': INK, 'text-halo-color': '#ffffff', 'text-halo-width': 2 } },
    ]
  const inner = layer.id
  const made: LayerSpecification[] = [
    { id: `${source}-fill`, type: 'fill', source, 'source-layer': inner, filter: ['==', ['geometry-type'], 'Polygon'],
      paint: { 'fill-color': look.fill, 'fill-opacity': 0.35 } },
    { id: `${source}-line`, type: 'line', source, 'source-layer': inner,
      paint: { 'line-color': look.line, 'line-width': 1.6 } },
  ]
  if (look.pattern)
    made.splice(1, 0, { id: `${source}-pattern`, type: 'fill', source, 'source-layer': inner,
      filter: ['==', ['geometry-type'], 'Polygon'],
      paint: { 'fill-pattern': patterned(map, look), 'fill-opacity': 0.8 } })
  made.push({ id: `${source}-name`, type: 'symbol', source, 'source-layer': inner, filter: ['has', 'name'],
    layout: { 'text-field': ['get', 'name'], 'text-font': FONT, 'text-size': 12, 'text-max-width': 9, 'text-padding': 16 },
    paint: { 'text-color': look.line, 'text-halo-color': '#ffffff', 'text-halo-width': 1.8 } })
  return made
}

function figures(): ExpressionSpecification {
  return ['case', ['has', 'n'], ['concat', ['to-string', ['get', 'identified']], ' / ', ['to-string', ['get', 'n']]], '']
}

function parcels(told: Told, source: string): LayerSpecification[] {
  const { close, named } = told.zooms
  const size = (of: string): ExpressionSpecification =>
    ['interpolate', ['linear'], ['sqrt', ['get', of]], 0, 4, 2, 8, 10, 14, 30, 20, 200, 30] as unknown as ExpressionSpecification
  const inner = 'parcels'
  return [
    { id: 'parcels-fill', type: 'fill', source, 'source-layer': inner, paint: { 'fill-color': '#ffffff' } },
    { id: 'parcels-pattern', type: 'fill', source, 'source-layer': inner, filter: ['==', ['get', 'outcome'], '-'],
      paint: { 'fill-opacity': ['case', ['to-boolean', ['feature-state', 'would']], 0, 1] } },
    { id: 'parcels-line', type: 'line', source, 'source-layer': inner,
      paint: { 'line-width': ['interpolate', ['linear'], ['zoom'], 12, 0.4, close, 0.7, 18, 1.6] } },
    { id: 'cells-all', type: 'circle', source, 'source-layer': 'cells', maxzoom: close,
      paint: { 'circle-color': told.cells.fill, 'circle-opacity': 0.45, 'circle-radius': size('n'),
        'circle-stroke-color': told.cells.line, 'circle-stroke-width': 1 } },
    { id: 'cells-identified', type: 'circle', source, 'source-layer': 'cells', maxzoom: close,
      filter: ['>', ['get', 'identified'], 0],
      paint: { 'circle-color': told.cells.identified, 'circle-opacity': 0.85, 'circle-radius': size('identified') } },
    { id: 'cells-text', type: 'symbol', source, 'source-layer': 'cells', maxzoom: close,
      layout: { 'text-field': ['to-string', ['get', 'n']], 'text-font': FONT, 'text-size': 12,
        'symbol-sort-key': ['-', 0, ['get', 'n']] },
      paint: { 'text-color': INK, 'text-halo-color': '#ffffff', 'text-halo-width': 1.6 } },
    { id: 'parcels-name', type: 'symbol', source, 'source-layer': inner, minzoom: named,
      layout: { 'text-field': ['get', 'name'], 'text-font': FONT, 'text-size': 12, 'text-max-width': 8 },
      paint: { 'text-color': INK, 'text-halo-color': '#ffffff', 'text-halo-width': 1.6 } },
  ]
}

/** A swatch of the legend as a drawing of its own, so that it prints too. */
export function swatch(look: Look, form: 'box' | 'round' | 'line' = 'box'): SVGSVGElement {
  const space = 'http://www.w3.org/2000/svg'
  const put = (parent: Element, name: string, attributes: Record<string, string | number>): Element => {
    const made = document.createElementNS(space, name)
    Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, String(value)))
    parent.append(made)
    return made
  }
  const svg = document.createElementNS(space, 'svg')
  Object.entries({ viewBox: '0 0 26 16', width: '26', height: '16', 'aria-hidden': 'true' }).forEach(([k, v]) => svg.setAttribute(k, v))
  svg.classList.add('ph-swatch')
  if (form === 'line') put(svg, 'path', { d: 'M0 8H26', stroke: look.line, 'stroke-width': 2, 'stroke-dasharray': '6 2 2 2' })
  else if (form === 'round') put(svg, 'circle', { cx: 13, cy: 8, r: 6.5, fill: look.fill, stroke: look.line })
  else put(svg, 'rect', { x: 1, y: 1, width: 24, height: 14, fill: look.fill, stroke: look.line, 'stroke-width': 1.5 })
  const lines: Record<Look['pattern'], string> = {
    '': '',
    falling: 'M1 1L15 15M10 1L24 15',
    rising: 'M2 15L16 1M11 15L25 1',
    level: 'M1 6H25M1 11H25',
    dots: 'M6 5h.01M13 5h.01M20 5h.01M9 11h.01M16 11h.01',
  }
  if (look.pattern) put(svg, 'path', { d: lines[look.pattern], stroke: look.line, 'stroke-width': look.pattern === 'dots' ? 3 : 1.2, 'stroke-linecap': 'round', fill: 'none' })
  return svg
}
