// Lengths and areas on the sphere, for reading off the map only: areas that count are the server's.
const RADIUS = 6371008.8
const rad = (degrees: number): number => (degrees * Math.PI) / 180

export type Path = [number, number][]

/** Metres along a path of longitudes and latitudes. */
export function length(path: Path): number {
  let sum = 0
  for (let k = 1; k < path.length; k++) {
    const [x0, y0] = path[k - 1].map(rad)
    const [x1, y1] = path[k].map(rad)
    const half = Math.sin((y1 - y0) / 2) ** 2 + Math.cos(y0) * Math.cos(y1) * Math.sin((x1 - x0) / 2) ** 2
    sum += 2 * RADIUS * Math.asin(Math.min(1, Math.sqrt(half)))
  }
  return sum
}

/** Square metres inside a ring of longitudes and latitudes. */
export function area(ring: Path): number {
  let sum = 0
  for (let k = 0; k < ring.length; k++) {
    const [x0, y0] = ring[k].map(rad)
    const [x1, y1] = ring[(k + 1) % ring.length].map(rad)
    sum += (x1 - x0) * (2 + Math.sin(y0) + Math.sin(y1))
  }
  return Math.abs((sum * RADIUS * RADIUS) / 2)
}

const figure = (value: number, digits: number): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })

export function sayLength(metres: number, words: Record<string, string>): string {
  return metres < 1000 ? `${figure(metres, 1)} ${words.metres}` : `${figure(metres / 1000, 3)} ${words.kilometres}`
}

export function sayArea(m2: number, words: Record<string, string>): string {
  return `${figure(m2, 0)} ${words.square_metres} · ${figure(m2 / 1e4, 4)} ${words.hectares} · ${figure(m2 * 0.0015, 2)} ${words.mu}`
}
