// What the server says of the map: see panhuo_platform/maps/queries.py.

/** What the map writes names in; browsers have one of them. */
export const FONT = ['Noto Sans SC', 'Microsoft YaHei', 'PingFang SC', 'sans-serif']

export type Box = [number, number, number, number]

export interface Look {
  value: string
  label: string
  fill: string
  line: string
  pattern: '' | 'falling' | 'rising' | 'dots' | 'level'
}

export interface Colouring {
  id: string
  title: string
  property: string
  looks: Look[]
}

export interface Layer {
  id: string
  title: string
  kind: 'parcels' | 'townships' | 'legacy' | 'overlay'
  on: boolean
  fixed?: boolean
  filtered?: boolean
  minzoom?: number
  look?: Look
  more?: string
}

export interface Told {
  layers: Layer[]
  colourings: Colouring[]
  cells: Look & { identified: string }
  zooms: { close: number; near: number; named: number }
  basemap: { tiles: string[]; attribution: string; maxzoom: number; minzoom?: number; vector?: { id: string; kind: string }[] } | null
  addresses: Record<'tiles' | 'figures' | 'search' | 'days' | 'card' | 'shape' | 'print' | 'list', string>
  words: Record<string, string>
}

export interface Figures {
  n: number
  area_m2: number
  box: Box | null
  by: Record<string, Record<string, number>>
}

export interface Found {
  kind: 'region' | 'parcel'
  id?: number
  title: string
  more: string
  box: Box | null
}

export interface Shape {
  id: number
  number: string
  title: string
  box: Box | null
  shape: GeoJSON.Geometry | null
}

/** Asks this server; null where it says no, or cannot be reached. */
export async function ask<T>(address: string): Promise<T | null> {
  try {
    const answer = await fetch(address, { headers: { Accept: 'application/json' }, credentials: 'same-origin' })
    return answer.ok && !answer.redirected ? ((await answer.json()) as T) : null
  } catch {
    return null
  }
}

/** An address with a query string behind it. */
export function withQuery(address: string, query: URLSearchParams): string {
  const text = query.toString()
  return text ? `${address}?${text}` : address
}
