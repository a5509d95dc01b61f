// Pages of identification: the verdict card, queues, and the sliders of what-if.
//
//   <form data-sliders>  each range's <output> says its value; ranges that stand where they stood are not sent
import './identification.css'

const shown = new Intl.NumberFormat(document.documentElement.lang, { maximumSignificantDigits: 5 })

function tell(range: HTMLInputElement): void {
  const output = range.parentElement?.querySelector('output')
  const moved = range.value !== range.dataset.now && Math.abs(Number(range.value) - Number(range.dataset.now)) > 1e-9
  if (output) output.value = shown.format(Number(range.value))
  range.closest('.slider')?.classList.toggle('moved', moved)
}

function ranges(root: ParentNode): HTMLInputElement[] {
  return [...root.querySelectorAll<HTMLInputElement>('form[data-sliders] input[type=range]')]
}

document.addEventListener('input', (event) => {
  const target = event.target
  if (target instanceof HTMLInputElement && target.type === 'range') tell(target)
})
document.addEventListener('reset', () => setTimeout(() => ranges(document).forEach(tell)))
// a browser that goes back may have kept the sliders where they were
window.addEventListener('pageshow', () => ranges(document).forEach(tell))
ranges(document).forEach(tell)
