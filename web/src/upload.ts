// Sending files of a delivery: in parts, one file after the other, going on where a line broke.
//
//   <form data-upload="…/uploads/" data-after="…">   begins a file there (POST name, size -> key, offset, part)
//     <input type="file" multiple>, [data-drop]        files are chosen, or dropped on the whole field
//     <ul data-files>                                   one line a file, with its progress
//   </form>

interface Begun { key: string; offset: number; part: number; done: boolean }
interface Said { offset?: number; error?: string }

const PAUSES = [1, 2, 4, 8, 15, 30, 30, 30]

function csrf(form: HTMLFormElement): string {
  return form.querySelector<HTMLInputElement>('[name=csrfmiddlewaretoken]')?.value ?? ''
}

const wait = (seconds: number) => new Promise((done) => setTimeout(done, seconds * 1000))

class Refused extends Error {}

async function ask(url: string, form: HTMLFormElement, body: BodyInit, kind: string): Promise<Said & Partial<Begun>> {
  for (const pause of [...PAUSES, -1]) {
    try {
      const answer = await fetch(url, {
        method: 'POST', body, credentials: 'same-origin',
        headers: { 'X-CSRFToken': csrf(form), 'Content-Type': kind },
      })
      const said = (await answer.json().catch(() => ({}))) as Said
      if (answer.ok || answer.status === 409) return said
      if (answer.status < 500) throw new Refused(said.error ?? form.dataset.failed)
    } catch (error) {
      if (error instanceof Refused) throw error
    }
    if (pause < 0) break
    await wait(pause) // the line is broken: it comes back
  }
  throw new Refused(form.dataset.broken)
}

async function send(form: HTMLFormElement, file: File, line: Line): Promise<void> {
  const name = file.webkitRelativePath || file.name
  const first = new URLSearchParams({ name, size: String(file.size) })
  const begun = (await ask(form.dataset.upload!, form, first.toString(), 'application/x-www-form-urlencoded')) as Begun
  let at = begun.offset
  line.show(at, file.size)
  while (at < file.size) {
    const part = file.slice(at, at + begun.part)
    const said = await ask(`${form.dataset.upload}${begun.key}?offset=${at}`, form, part, 'application/octet-stream')
    if (said.offset === undefined || (said.offset === at && part.size)) throw new Refused(said.error ?? form.dataset.failed)
    at = said.offset
    line.show(at, file.size)
  }
  line.done()
}

class Line {
  private bar = document.createElement('progress')
  private words = document.createElement('span')
  constructor(list: HTMLElement, private form: HTMLFormElement, name: string) {
    const item = document.createElement('li')
    const label = document.createElement('span')
    label.textContent = name
    label.className = 'wrap-anywhere'
    this.words.className = 'text-secondary nowrap'
    this.words.textContent = form.dataset.waiting ?? ''
    this.bar.max = 100
    this.bar.value = 0
    this.bar.setAttribute('aria-label', name)
    const head = document.createElement('div')
    head.className = 'd-flex justify-content-between gap-3'
    head.append(label, this.words)
    item.append(head, this.bar)
    list.append(item)
  }
  show(at: number, size: number): void {
    const percent = size ? Math.floor((at * 100) / size) : 100
    this.bar.value = percent
    this.words.textContent = `${percent}%`
  }
  done(): void { this.words.textContent = this.form.dataset.arrived ?? '' }
  fail(text: string): void {
    this.words.textContent = ''
    const said = document.createElement('div')
    said.className = 'invalid-feedback d-block'
    said.setAttribute('role', 'alert')
    said.textContent = text
    this.bar.replaceWith(said)
  }
}

function begin(form: HTMLFormElement): void {
  const list = form.querySelector<HTMLElement>('[data-files]')!
  const drop = form.querySelector<HTMLElement>('[data-drop]')!
  const input = form.querySelector<HTMLInputElement>('input[type=file]')!
  const queue: [File, Line][] = []
  let busy = false

  const add = (files: Iterable<File>) => {
    for (const file of files) queue.push([file, new Line(list, form, file.webkitRelativePath || file.name)])
    void work()
  }
  const work = async () => {
    if (busy) return
    busy = true
    let failed = false
    for (let next = queue.shift(); next; next = queue.shift()) {
      try {
        await send(form, ...next)
      } catch (error) {
        failed = true
        next[1].fail((error as Error).message)
      }
    }
    busy = false
    if (!failed) window.location.assign(form.dataset.after!)
  }
  window.addEventListener('beforeunload', (event) => { if (busy) event.preventDefault() })
  input.addEventListener('change', () => { add([...(input.files ?? [])]); input.value = '' })
  drop.addEventListener('dragover', (event) => { event.preventDefault(); drop.classList.add('over') })
  drop.addEventListener('dragleave', () => drop.classList.remove('over'))
  drop.addEventListener('drop', (event) => {
    event.preventDefault()
    drop.classList.remove('over')
    add([...(event.dataTransfer?.files ?? [])].filter((file) => file.size > 0 || file.name.includes('.')))
  })
}

document.querySelectorAll<HTMLFormElement>('form[data-upload]').forEach(begin)
