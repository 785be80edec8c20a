// What each face costs on the wire, packed as the server sends it, against what
// it may cost. Fails where a budget is broken.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const app = new URL('../dist/app/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', app)));
const wire = (file) => {
  const path = new URL(file, app);
  const packed = new URL(file + '.br', app);
  return statSync(existsSync(packed) ? packed : path).size;
};

function files(start, lazy = false, found = new Set()) {
  const chunk = manifest[start];
  for (const file of [chunk.file, ...(chunk.css ?? [])]) found.add(file);
  for (const next of [...(chunk.imports ?? []), ...(lazy ? chunk.dynamicImports ?? [] : [])]) {
    if (!found.has(manifest[next].file)) files(next, lazy, found);
  }
  return found;
}
const size = (names) => [...names].reduce((sum, file) => sum + wire(file), 0);

// The catalogue of texts comes on top wherever the client draws: the largest.
const words = Math.max(...Object.values(manifest).filter((c) => c.src?.startsWith('locales/')).map((c) => wire(c.file)));
// Pages written by the server: the golden files are real ones. Lists grow with
// what is going on; a hundred rows cost some 8 KB packed.
const page = (name) => gzipSync(readFileSync(new URL(`../testdata/golden/${name}`, import.meta.url))).length;
const list = 8_000;

const kB = 1000;
const budgets = [
  ['witness form, everything', size(files('src/entry/form.ts')) + page('report.html') + wire('mark.svg'), 30 * kB],
  ['receipt, everything', size(files('src/entry/receipt.ts')) + page('receipt.html') + wire('mark.svg'), 30 * kB],
  ['list without JavaScript', size([...files('src/entry/map.ts')].filter((f) => f.endsWith('.css'))) + page('map.html') + list, 30 * kB],
  ['public map before MapLibre', size(files('src/entry/map.ts')) + words + page('map.html') + list, 200 * kB],
  ['MapLibre without its worker', size([...files('src/faces/map/view.ts')].filter((f) => !files('src/entry/map.ts').has(f))), 300 * kB],
  ['desk before its map', size(files('src/entry/desk.ts')) + words, 100 * kB],
  ['responders before MapLibre', size(files('src/entry/ops.ts')) + words, 100 * kB],
  ['setup before its map', size(files('src/entry/setup.ts')) + words, 100 * kB],
  ['admin before its map', size(files('src/entry/admin.ts')) + words, 100 * kB],
];

let broken = 0;
for (const [name, bytes, most] of budgets) {
  const over = bytes > most;
  broken += over ? 1 : 0;
  console.log(`${over ? 'OVER' : 'ok  '} ${name.padEnd(28)} ${(bytes / kB).toFixed(1).padStart(7)} of ${most / kB} kB`);
}
process.exit(broken ? 1 : 0);
