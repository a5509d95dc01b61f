// Small habits of pages, asked for by attributes, so that no page carries a script of its own.
//
//   <form data-submit-on-change>      a filter that answers at once
//   <button data-confirm="…">        asks before it does
//   <input data-check-all="name">    ticks every box of that name; [data-count-of="name"] shows how many
//   <form data-once>                 is sent once, however often the button is pressed
//   <a data-copy="text">             puts text on the clipboard

type Part = Document | Element

export function start(root: Document): void {
  root.addEventListener('change', (event) => {
    const target = event.target as HTMLElement
    const form = target.closest<HTMLFormElement>('form[data-submit-on-change]')
    if (form && target.matches('select, input[type=checkbox], input[type=radio], input[type=date]')) form.requestSubmit()
    if (target instanceof HTMLInputElement) ticked(root, target)
  })
  root.addEventListener('click', (event) => {
    const asked = (event.target as Element).closest<HTMLElement>('[data-confirm]')
    if (asked && !window.confirm(asked.dataset.confirm)) {
      event.preventDefault()
      event.stopImmediatePropagation()
    }
    const copied = (event.target as Element).closest<HTMLElement>('[data-copy]')
    if (copied) {
      event.preventDefault()
      void navigator.clipboard?.writeText(copied.dataset.copy ?? '')
    }
  }, true)
  root.addEventListener('submit', (event) => {
    const form = event.target as HTMLFormElement
    if (!form.matches('[data-once]') || event.defaultPrevented) return
    // after the form has been read, so that the pressed button's own value is sent
    setTimeout(() => form.querySelectorAll<HTMLButtonElement>('button').forEach((button) => (button.disabled = true)))
  })
  root.addEventListener('htmx:after:swap', () => (counts(root), reachable(root)))
  window.addEventListener('resize', () => reachable(root))
  // A page that comes back out of the browser's memory is usable again.
  window.addEventListener('pageshow', () =>
    root.querySelectorAll<HTMLButtonElement>('form[data-once] button').forEach((button) => (button.disabled = false)),
  )
  counts(root)
  reachable(root)
}

// What is wider than its place can be scrolled by the keyboard too.
function reachable(root: Part): void {
  root.querySelectorAll<HTMLElement>('.table-responsive, pre').forEach((box) => {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0
    else box.removeAttribute('tabindex')
  })
}

function ticked(root: Document, box: HTMLInputElement): void {
  const name = box.dataset.checkAll
  if (name) boxes(root, name).forEach((one) => (one.checked = box.checked))
  if (box.type === 'checkbox') counts(root)
}

function boxes(root: Part, name: string): HTMLInputElement[] {
  return [...root.querySelectorAll<HTMLInputElement>(`input[type=checkbox][name="${CSS.escape(name)}"]`)]
}

function counts(root: Part): void {
  root.querySelectorAll<HTMLElement>('[data-count-of]').forEach((shown) => {
    const number = boxes(root, shown.dataset.countOf ?? '').filter((box) => box.checked).length
    shown.textContent = String(number)
  })
}
