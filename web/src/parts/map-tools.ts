// Buttons on the map: whole extent, measuring, selecting, drawing; the north mark; the card of a parcel.
import type { IControl } from 'maplibre-gl'
import type { Drawing, Tool } from './map-draw'
import { button } from './map-icons'
import { area, length, sayArea, sayLength } from './map-measure'
import type { Path } from './map-measure'
import { ask, withQuery } from './map-types'
import type { Figures } from './map-types'
import type { MapView } from './map-view'

type Purpose = 'line' | 'area' | 'rectangle' | 'polygon' | 'draw' | 'edit'
const TOOLS: Record<Purpose, Tool> = { line: 'linestring', area: 'polygon', rectangle: 'rectangle', polygon: 'polygon', draw: 'polygon', edit: 'polygon' }

class Buttons implements IControl {
  constructor(private readonly inside: HTMLElement) {}
  onAdd(): HTMLElement {
    return this.inside
  }
  onRemove(): void {
    this.inside.remove()
  }
}

function group(label: string): HTMLElement {
  const made = document.createElement('div')
  made.className = 'maplibregl-ctrl maplibregl-ctrl-group ph-tools'
  made.setAttribute('role', 'group')
  made.setAttribute('aria-label', label)
  return made
}

export function addTools(view: MapView): void {
  const { map, told, place } = view
  const { words } = told
  const mode = place.dataset.mode ?? 'view'
  const full = 'full' in place.dataset
  const home = group(words.map)
  home.append(button('whole', words.whole, () => view.figures?.box && view.fit(view.figures.box)))
  map.addControl(new Buttons(home), 'top-right')
  map.addControl(new Buttons(north(words.north)), 'top-left')
  const tools = new Tools(view)
  const wanted: Purpose[] = mode === 'draw' ? tools.drawn() : full || mode === 'measure' ? ['line', 'area'] : []
  if (full || mode === 'select') wanted.push('rectangle', 'polygon')
  if (wanted.length) map.addControl(new Buttons(tools.bar(wanted)), 'top-right')
  if (mode === 'draw') view.addEventListener('ready', () => void tools.prepare())
}

function north(label: string): HTMLElement {
  const made = document.createElement('div')
  made.className = 'maplibregl-ctrl ph-north'
  made.setAttribute('role', 'img')
  made.setAttribute('aria-label', label)
  const drawn = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 40" width="24" height="40"><path d="M12 12L5 36l7-5z" fill="#1d2733"/><path d="M12 12l7 24-7-5z" fill="#fff" stroke="#1d2733"/><text x="12" y="10" text-anchor="middle" font-size="11" font-weight="700" fill="#1d2733">N</text></svg>'
  made.append(document.importNode(new DOMParser().parseFromString(drawn, 'image/svg+xml').documentElement, true))
  return made
}

class Tools {
  private purpose: Purpose | null = null
  private draw: Drawing | null = null
  private readonly buttons = new Map<Purpose, HTMLButtonElement>()
  private readonly note: HTMLElement
  private asked = 0

  constructor(private readonly view: MapView) {
    this.note = document.createElement('div')
    this.note.className = 'ph-map-note'
    this.note.setAttribute('role', 'status')
    this.note.hidden = true
    view.place.append(this.note)
    view.place.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && this.purpose && this.view.place.dataset.mode !== 'draw') this.end()
    })
  }

  private get words(): Record<string, string> {
    return this.view.told.words
  }

  private get field(): HTMLInputElement | null {
    const id = this.view.place.dataset.field
    return id ? (document.getElementById(id.replace(/^#/, '')) as HTMLInputElement | null) : null
  }

  /** What a form may have drawn: a line that cuts, a new shape, or the parcel's own shape with other corners. */
  drawn(): Purpose[] {
    const wanted = this.view.place.dataset.draw ?? 'polygon'
    return wanted === 'line' ? ['line'] : wanted === 'edit' ? ['edit', 'draw'] : ['draw']
  }

  bar(purposes: Purpose[]): HTMLElement {
    const made = group(this.words.tools)
    const drawing = this.view.place.dataset.mode === 'draw'
    const icons = { line: drawing ? 'draw' : 'line', area: 'area', rectangle: 'rectangle', polygon: 'polygon', draw: 'draw', edit: 'edit' } as const
    const labels: Record<Purpose, string> = {
      line: drawing ? this.words.draw_line : this.words.measure_line,
      area: this.words.measure_area,
      rectangle: this.words.select_rectangle,
      polygon: this.words.select_polygon,
      draw: this.words.draw_polygon,
      edit: this.words.edit_shape,
    }
    for (const purpose of purposes) {
      const one = button(icons[purpose], labels[purpose], () => void (this.purpose === purpose && !drawing ? this.end() : this.begin(purpose)))
      one.setAttribute('aria-pressed', 'false')
      this.buttons.set(purpose, one)
      made.append(one)
    }
    made.append(button('undo', this.words.undo, () => this.draw?.undo()))
    made.append(button('trash', this.words.clear, () => (drawing ? this.draw?.clear() : this.end())))
    return made
  }

  async prepare(): Promise<void> {
    const field = this.field
    await this.begin(this.drawn()[0])
    if (field?.value) {
      try {
        this.draw?.edit(JSON.parse(field.value) as GeoJSON.Geometry)
      } catch {
        /* what stands in the field is no shape: it is drawn anew */
      }
    }
  }

  private async begin(purpose: Purpose): Promise<void> {
    this.purpose = purpose
    this.view.busy = true
    if (!this.draw) {
      const { drawing } = await import('./map-draw')
      this.draw = drawing(this.view.map, (shape, finished) => this.changed(shape, finished))
    }
    this.buttons.forEach((one, name) => one.setAttribute('aria-pressed', String(name === purpose)))
    if (purpose === 'edit' && (await this.editParcel())) return
    this.draw.begin(TOOLS[purpose])
  }

  /** The parcel's shape as it is, to be changed; where a browser cannot edit it, a new one is drawn. */
  private async editParcel(): Promise<boolean> {
    const number = this.view.place.dataset.parcel
    const found = number ? await this.view.highlight(number, false) : null
    const done = Boolean(found?.shape && this.draw?.edit(found.shape))
    if (!done) this.say(this.words.cannot_edit)
    return done
  }

  private end(): void {
    this.purpose = null
    this.view.busy = false
    this.draw?.clear()
    this.buttons.forEach((one) => one.setAttribute('aria-pressed', 'false'))
    this.note.hidden = true
    if (this.view.place.dataset.mode !== 'draw') this.view.tell('unselected')
  }

  private changed(shape: GeoJSON.Geometry | null, finished: boolean): void {
    if (!this.purpose) return
    if (this.view.place.dataset.mode === 'draw') return this.fill(shape, finished)
    if (this.purpose === 'line' || this.purpose === 'area') return this.measured(shape)
    if (shape?.type === 'Polygon' && finished) void this.selected(shape.coordinates[0] as Path)
    else this.say(this.purpose === 'rectangle' ? this.words.how_rectangle : this.words.how_polygon)
  }

  private fill(shape: GeoJSON.Geometry | null, finished: boolean): void {
    const field = this.field
    if (field) {
      field.value = shape && finished ? JSON.stringify(shape) : ''
      field.dispatchEvent(new Event('change', { bubbles: true }))
    }
    if (!shape || !finished) this.say(this.purpose === 'line' ? this.words.how_line : this.words.how_polygon)
    else this.say(shape.type === 'Polygon' ? `${sayArea(area(shape.coordinates[0] as Path), this.words)}\n${this.words.only_map}` : this.words.drawn)
  }

  private measured(shape: GeoJSON.Geometry | null): void {
    if (shape?.type === 'LineString' && shape.coordinates.length > 1)
      this.say(`${sayLength(length(shape.coordinates as Path), this.words)}\n${this.words.only_map}`)
    else if (shape?.type === 'Polygon')
      this.say(`${sayArea(area(shape.coordinates[0] as Path), this.words)}\n${this.words.only_map}`)
    else this.say(this.purpose === 'line' ? this.words.how_line : this.words.how_polygon)
  }

  private async selected(ring: Path): Promise<void> {
    const asked = ++this.asked
    const filter = new URLSearchParams(this.view.filter)
    filter.set('polygon', ring.slice(0, -1).map(([x, y]) => `${x.toFixed(7)},${y.toFixed(7)}`).join(';'))
    this.say(this.words.counting)
    const found = await ask<Figures>(withQuery(this.view.told.addresses.figures, filter))
    if (asked !== this.asked || !this.purpose) return
    if (!found) return this.say(this.words.unreachable)
    this.say(`${this.words.selected.replace('{n}', found.n.toLocaleString('en-US'))} · ${sayArea(found.area_m2, this.words)}`)
    const choices = document.createElement('div')
    choices.className = 'btn-list mt-2'
    const list = document.createElement('a')
    list.className = 'btn btn-sm btn-primary'
    list.href = withQuery(this.view.told.addresses.list, filter)
    list.textContent = this.words.open_list
    const only = document.createElement('button')
    only.type = 'button'
    only.className = 'btn btn-sm'
    only.textContent = this.words.only_these
    only.addEventListener('click', () => {
      this.end()
      void this.view.narrow(filter)
    })
    choices.append(list, only)
    this.note.append(choices)
  }

  private say(text: string): void {
    this.note.textContent = text
    this.note.hidden = false
  }
}

/** The card of the parcel that was clicked. */
export function addCard(view: MapView): void {
  const { place, told } = view
  const card = document.createElement('section')
  card.className = 'ph-map-card'
  card.setAttribute('aria-label', told.words.parcel)
  card.tabIndex = -1
  card.hidden = true
  const inside = document.createElement('div')
  const shut = (): void => {
    card.hidden = true
    view.outline(null)
  }
  const closing = button('close', told.words.close, () => {
    shut()
    view.map.getCanvas().focus()
  })
  closing.className = 'btn btn-icon btn-ghost-secondary btn-sm ph-map-card-close'
  card.append(closing, inside)
  place.append(card)
  card.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') closing.click()
  })
  let asked = 0
  const open = async (id: number | null): Promise<void> => {
    const now = ++asked
    if (id === null) return shut()
    const answer = await fetch(told.addresses.card.replace('{key}', String(id)), { credentials: 'same-origin' }).catch(() => null)
    if (now !== asked) return
    inside.innerHTML = ''
    if (!answer?.ok || answer.redirected) inside.textContent = told.words.unreachable
    else inside.innerHTML = await answer.text()
    card.hidden = false
    const number = inside.querySelector<HTMLElement>('[data-number]')?.dataset.number
    if (number) await view.highlight(number, false)
    card.focus({ preventScroll: true })
  }
  view.addEventListener('picked', (event) => void open((event as CustomEvent<number | null>).detail))
}
