// Each file straight in src/ is a script of its own, which a page asks for by name; shared parts live in src/parts/.
// Builds the pages' styles and scripts into the platform's static files. Names carry a hash; manifest.json tells them.
import { readFileSync, readdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const here = dirname(fileURLToPath(import.meta.url))
const out = resolve(here, '../src/panhuo_platform/static/panhuo')

// The drawings of the icons that templates name, as data: {% icon "map" %} writes them into the page.
function icons() {
  return {
    name: 'panhuo-icons',
    generateBundle() {
      const names = readFileSync(resolve(here, 'icons.txt'), 'utf8').split(/\s+/).filter(Boolean)
      const drawn = {}
      for (const name of names) {
        const svg = readFileSync(resolve(here, `node_modules/@tabler/icons/icons/outline/${name}.svg`), 'utf8')
        drawn[name] = svg.replace(/^[\s\S]*?<svg[^>]*>/, '').replace(/<\/svg>\s*$/, '').replace(/\s*\n\s*/g, '')
      }
      this.emitFile({ type: 'asset', fileName: 'icons.json', source: JSON.stringify(drawn) })
    },
  }
}

export default defineConfig({
  root: here,
  base: '/static/panhuo/',
  publicDir: false,
  plugins: [icons()],
  build: {
    outDir: out,
    emptyOutDir: true,
    manifest: 'manifest.json',
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1500,
    rollupOptions: {
      input: Object.fromEntries(
        readdirSync(resolve(here, 'src'))
          .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
          .map((file) => [file.slice(0, -3), resolve(here, 'src', file)]),
      ),
    },
  },
  worker: { format: 'es' },
})
