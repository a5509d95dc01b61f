// What stands beside a map in full: search, filter, colours, legend, layers, days, print.
import { swatch } from './map-style'
import { ask, withQuery } from './map-types'
import type { Found, Look } from './map-types'
import { FILTER, filterOf } from './map-view'
import type { MapView } from './map-view'

const find = <T extends HTMLElement>(panel: Element, name: string): T | null => panel.querySelector<T>(`[data-map-${name}]`)

export function addPanel(view: MapView, panel: HTMLElement): void {
  colours(view, panel)
  layers(view, panel)
  legend(view, panel)
  searching(view, panel)
  filtering(view, panel)
  days(view, panel)
  printing(view, panel)
  folding(view, panel)
}

/** The address says what is shown, so that it can be kept and sent. */
function remember(view: MapView): void {
  const query = new URLSearchParams(view.filter)
  if (view.colouring !== view.told.colourings[0]) query.set('colour', view.colouring.id)
  const shown = view.told.layers.filter((l) => !l.fixed && view.shows(l.id)).map((l) => l.id)
  const usual = view.told.layers.filter((l) => !l.fixed && l.on).map((l) => l.id)
  if (shown.join() !== usual.join()) query.set('layers', shown.join(',') || '-')
  history.replaceState(history.state, '', withQuery(location.pathname, query) + location.hash)
  document.querySelectorAll<HTMLAnchorElement>('a[data-map-list]').forEach((a) => (a.href = withQuery(view.told.addresses.list, view.filter)))
}

function colours(view: MapView, panel: HTMLElement): void {
  const select = find<HTMLSelectElement>(panel, 'colouring')
  if (!select) return
  for (const one of view.told.colourings) select.add(new Option(one.title, one.id, false, one === view.colouring))
  select.addEventListener('change', () => view.paint(select.value))
  view.addEventListener('coloured', () => remember(view))
}

function row(look: Look, text: string, count: string, form: 'box' | 'round' = 'box'): HTMLLIElement {
  const made = document.createElement('li')
  const label = document.createElement('span')
  label.textContent = text
  const figure = document.createElement('span')
  figure.className = 'number'
  figure.textContent = count
  made.append(swatch(look, form), label, figure)
  return made
}

function legend(view: MapView, panel: HTMLElement): void {
  const list = find(panel, 'legend')
  if (!list) return
  const total = find(panel, 'total')
  const draw = (): void => {
    const { colouring, figures, told } = view
    list.textContent = ''
    for (const look of colouring.looks) {
      const n = figures?.by[colouring.id]?.[look.value]
      list.append(row(look, look.label, colouring.property && figures ? (n ?? 0).toLocaleString('en-US') : ''))
    }
    if (view.map.getZoom() < told.zooms.close) list.append(row(told.cells, told.words.cells, '', 'round'))
    if (total)
      total.textContent = figures
        ? told.words.total.replace('{n}', figures.n.toLocaleString('en-US')).replace('{mu}', (figures.area_m2 * 0.0015).toLocaleString('en-US', { maximumFractionDigits: 2 }))
        : told.words.unreachable
    const none = find(panel, 'none')
    if (none) none.hidden = figures === null || figures.n > 0
  }
  for (const when of ['counted', 'coloured']) view.addEventListener(when, draw)
  view.map.on('zoomend', draw)
}

function layers(view: MapView, panel: HTMLElement): void {
  const list = find(panel, 'layers')
  if (!list) return
  for (const layer of view.told.layers.filter((l) => !l.fixed)) {
    const item = document.createElement('li')
    const label = document.createElement('label')
    label.className = 'form-check m-0'
    const box = document.createElement('input')
    box.type = 'checkbox'
    box.className = 'form-check-input'
    box.checked = view.shows(layer.id)
    box.addEventListener('change', () => {
      view.show(layer.id, box.checked)
      remember(view)
    })
    const text = document.createElement('span')
    text.className = 'form-check-label'
    text.textContent = layer.title
    label.append(box, text)
    if (layer.more) {
      const more = document.createElement('span')
      more.className = 'text-secondary small d-block'
      more.textContent = layer.more
      text.append(more)
    }
    item.append(label, layer.look ? swatch(layer.look, layer.kind === 'townships' ? 'line' : 'box') : '')
    list.append(item)
  }
}

function searching(view: MapView, panel: HTMLElement): void {
  const form = find<HTMLFormElement>(panel, 'search')
  const list = find(panel, 'found')
  const field = form?.querySelector<HTMLInputElement>('input')
  if (!form || !list || !field) return
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void look()
  })
  field.addEventListener('input', () => {
    if (!field.value) list.textContent = ''
  })
  const look = async (): Promise<void> => {
    const answer = await ask<{ found: Found[] }>(withQuery(view.told.addresses.search, new URLSearchParams({ q: field.value })))
    list.textContent = ''
    if (!answer?.found.length) {
      const none = document.createElement('li')
      none.className = 'text-secondary'
      none.textContent = answer ? view.told.words.nothing_found : view.told.words.unreachable
      list.append(none)
      return
    }
    for (const one of answer.found) {
      const item = document.createElement('li')
      const go = document.createElement('button')
      go.type = 'button'
      go.className = 'ph-found'
      const title = document.createElement('span')
      title.textContent = one.title
      const more = document.createElement('span')
      more.className = 'code text-secondary d-block'
      more.textContent = one.more
      go.append(title, more)
      go.disabled = one.box === null
      go.addEventListener('click', () => {
        if (one.box) view.fit(one.box, one.kind === 'parcel' ? 17 : 15)
        if (one.id !== undefined) view.dispatchEvent(new CustomEvent('picked', { detail: one.id }))
        panel.classList.remove('open')
      })
      item.append(go)
      list.append(item)
    }
  }
}

function filtering(view: MapView, panel: HTMLElement): void {
  const form = find<HTMLFormElement>(panel, 'filter')
  if (!form) return
  const apply = (): void => {
    const given = new URLSearchParams(new FormData(form) as unknown as Record<string, string>)
    // what the form does not offer stays as it is
    for (const name of FILTER) if (!form.elements.namedItem(name) && view.filter.has(name)) given.set(name, view.filter.get(name)!)
    void view.narrow(filterOf(given), true)
  }
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    apply()
  })
  form.addEventListener('change', apply)
  find(panel, 'reset')?.addEventListener('click', () => {
    form.querySelectorAll<HTMLInputElement | HTMLSelectElement>('input, select').forEach((field) => (field.value = ''))
    void view.narrow(new URLSearchParams(), true)
  })
  const area = find(panel, 'area')
  view.addEventListener('narrowed', () => {
    remember(view)
    if (area) area.hidden = !view.filter.has('polygon') && !view.filter.has('box')
  })
  find(panel, 'everywhere')?.addEventListener('click', () => {
    const wide = new URLSearchParams(view.filter)
    wide.delete('polygon')
    wide.delete('box')
    void view.narrow(wide)
  })
  if (area) area.hidden = !view.filter.has('polygon') && !view.filter.has('box')
  remember(view)
}

function days(view: MapView, panel: HTMLElement): void {
  const slider = find<HTMLInputElement>(panel, 'day')
  const said = find(panel, 'day-said')
  if (!slider || !said) return
  void ask<{ days: string[] }>(view.told.addresses.days).then((answer) => {
    const known = answer?.days ?? []
    const asked = view.filter.get('day')
    if (asked && !known.includes(asked)) known.push(asked)
    known.sort()
    slider.max = String(known.length)
    slider.value = String(asked ? known.indexOf(asked) : known.length)
    slider.disabled = known.length === 0
    const tell = (): void => {
      const day = known[Number(slider.value)]
      said.textContent = day ?? view.told.words.today
      slider.setAttribute('aria-valuetext', said.textContent)
    }
    tell()
    slider.addEventListener('input', tell)
    slider.addEventListener('change', () => {
      const filter = new URLSearchParams(view.filter)
      const day = known[Number(slider.value)]
      if (day) filter.set('day', day)
      else filter.delete('day')
      void view.narrow(filter)
    })
  })
}

function printing(view: MapView, panel: HTMLElement): void {
  const form = find<HTMLFormElement>(panel, 'print')
  form?.addEventListener('submit', () => {
    const query = new URLSearchParams(view.filter)
    query.set('colour', view.colouring.id)
    query.set('window', view.map.getBounds().toArray().flat().map((v) => v.toFixed(6)).join(','))
    query.set('layers', view.told.layers.filter((l) => view.shows(l.id)).map((l) => l.id).join(','))
    form.querySelectorAll('input[type=hidden]').forEach((old) => old.remove())
    query.forEach((value, name) => {
      const field = document.createElement('input')
      Object.assign(field, { type: 'hidden', name, value })
      form.append(field)
    })
  })
}

function folding(view: MapView, panel: HTMLElement): void {
  document.querySelectorAll<HTMLButtonElement>('[data-map-fold]').forEach((fold) =>
    fold.addEventListener('click', () => {
      const open = panel.classList.toggle('open')
      document.querySelectorAll('[data-map-fold]').forEach((one) => one.setAttribute('aria-expanded', String(open)))
      if (open) panel.querySelector<HTMLElement>('input, select, button')?.focus()
      view.map.resize()
    }),
  )
}
