// Drawing: measuring, selecting and drawing shapes for forms. Loaded when somebody draws.
import type { Map } from 'maplibre-gl'
import {
  TerraDraw,
  TerraDrawLineStringMode,
  TerraDrawPolygonMode,
  TerraDrawRectangleMode,
  TerraDrawSelectMode,
  ValidateNotSelfIntersecting,
} from 'terra-draw'
import type { GeoJSONStoreFeatures, HexColor } from 'terra-draw'
import { TerraDrawMapLibreGLAdapter } from 'terra-draw-maplibre-gl-adapter'

export type Tool = 'linestring' | 'polygon' | 'rectangle'

const COLOUR: HexColor = '#b42318'

export interface Drawing {
  /** Begins to draw; what was drawn before goes away. */
  begin(tool: Tool): void
  /** Puts a shape there and lets its corners be moved; false where it cannot be edited in a browser. */
  edit(geometry: GeoJSON.Geometry): boolean
  undo(): void
  clear(): void
  /** What is drawn, unfinished or not. */
  shape(): GeoJSON.Geometry | null
}

/** Draws on the map; `told` hears of each change, and whether the shape is finished. */
export function drawing(map: Map, told: (shape: GeoJSON.Geometry | null, finished: boolean) => void): Drawing {
  const fill = { fillColor: COLOUR, fillOpacity: 0.15, outlineColor: COLOUR, outlineWidth: 2 } as const
  const own = { feature: { draggable: true, coordinates: { draggable: true, midpoints: true, deletable: true } } }
  const draw = new TerraDraw({
    adapter: new TerraDrawMapLibreGLAdapter({ map, coordinatePrecision: 9 }),
    modes: [
      new TerraDrawLineStringMode({ styles: { lineStringColor: COLOUR, lineStringWidth: 3 } }),
      new TerraDrawPolygonMode({
        styles: fill,
        validation: (feature, { updateType }) =>
          updateType === 'finish' || updateType === 'commit' ? ValidateNotSelfIntersecting(feature) : { valid: true },
      }),
      new TerraDrawRectangleMode({ styles: fill }),
      new TerraDrawSelectMode({
        flags: { polygon: own, linestring: own, rectangle: own },
        styles: { selectedPolygonColor: COLOUR, selectedPolygonFillOpacity: 0.15, selectedPolygonOutlineColor: COLOUR,
          selectedLineStringColor: COLOUR },
      }),
    ],
  })
  draw.start()
  let finished = false

  const shapes = (): GeoJSONStoreFeatures[] =>
    draw.getSnapshot().filter((f) => ['linestring', 'polygon', 'rectangle'].includes(String(f.properties.mode)))
  const shape = (): GeoJSON.Geometry | null => shapes()[0]?.geometry ?? null
  draw.on('change', () => told(shape(), finished))
  draw.on('finish', (id, context) => {
    finished = true
    // one shape at a time; its corners can be moved from here on
    if (context.action === 'draw') draw.selectFeature(id)
    told(shape(), true)
  })
  return {
    begin(tool) {
      draw.clear()
      finished = false
      draw.setMode(tool)
      told(null, false)
    },
    edit(geometry) {
      const ring = single(geometry)
      if (!ring) return false
      draw.clear()
      const id = draw.getFeatureId()
      const added = draw.addFeatures([
        { id, type: 'Feature', geometry: { type: 'Polygon', coordinates: [ring.map(([x, y]) => [round(x), round(y)])] }, properties: { mode: 'polygon' } },
      ])
      if (added.some((one) => !one.valid)) return false
      finished = true
      draw.selectFeature(id)
      told(shape(), true)
      return true
    },
    undo() {
      draw.undo()
    },
    clear() {
      const mode = draw.getMode()
      draw.clear()
      finished = false
      if (mode === 'select') draw.setMode('static')
      told(null, false)
    },
    shape,
  }
}

const round = (value: number): number => Math.round(value * 1e9) / 1e9

/** The ring of a shape that is one polygon without holes; null of others, which the server alone can change. */
function single(geometry: GeoJSON.Geometry): GeoJSON.Position[] | null {
  const polygons =
    geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.type === 'MultiPolygon' ? geometry.coordinates : []
  return polygons.length === 1 && polygons[0].length === 1 ? polygons[0][0] : null
}
