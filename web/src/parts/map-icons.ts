// Drawings on the map's buttons.
import close from '@tabler/icons/outline/x.svg?raw'
import line from '@tabler/icons/outline/ruler.svg?raw'
import area from '@tabler/icons/outline/ruler-measure.svg?raw'
import polygon from '@tabler/icons/outline/polygon.svg?raw'
import rectangle from '@tabler/icons/outline/marquee-2.svg?raw'
import undo from '@tabler/icons/outline/arrow-back-up.svg?raw'
import trash from '@tabler/icons/outline/trash.svg?raw'
import whole from '@tabler/icons/outline/zoom-scan.svg?raw'
import draw from '@tabler/icons/outline/pencil.svg?raw'
import edit from '@tabler/icons/outline/vector-spline.svg?raw'

export type Icon = keyof typeof ICONS
const ICONS = { close, line, area, polygon, rectangle, undo, trash, whole, draw, edit }

/** A button with a drawing; its label is read out and shown on pointing. */
export function button(icon: Icon, label: string, press: () => void): HTMLButtonElement {
  const made = document.createElement('button')
  made.type = 'button'
  made.title = label
  made.setAttribute('aria-label', label)
  const drawn = new DOMParser().parseFromString(ICONS[icon], 'image/svg+xml').documentElement
  drawn.setAttribute('aria-hidden', 'true')
  made.append(document.importNode(drawn, true))
  made.addEventListener('click', press)
  return made
}
