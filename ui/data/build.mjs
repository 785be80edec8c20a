// Writes every data file that the project carries: run `npm ci --ignore-scripts
// && node build.mjs`. The same input packages give the same bytes.
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { dirname, join } from 'node:path';
import { loadSources } from './lib/sources.mjs';
import { buildGazetteer } from './lib/gazetteer.mjs';
import { buildBasemap } from './lib/basemap.mjs';
import { buildOutline } from './lib/outline.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..');
const attribution = readFileSync(join(here, 'ATTRIBUTION.txt'));

function write(path, bytes) {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, bytes);
  const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
  console.log(`${path}  ${statSync(file).size} bytes  ${digest}`);
}

const sources = await loadSources();
write('geo/gazetteer/data/world.bin.gz', buildGazetteer(sources));
write('geo/gazetteer/data/ATTRIBUTION.txt', attribution);
write('ui/public/basemap/outline.json', await buildOutline(sources));
write('ui/public/basemap/world.pmtiles', await buildBasemap(sources));
write('ui/public/basemap/ATTRIBUTION.txt', attribution);
