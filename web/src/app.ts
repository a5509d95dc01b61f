// What every page has: styles, htmx, the parts of Tabler that open and close, and a few habits by data attributes.
import './app.css'
import '@tabler/core/dist/js/tabler.esm.js'
import 'htmx.org'
import { start } from './parts/habits'

start(document)
