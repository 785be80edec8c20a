// Writes world.pmtiles: zoom 0 to 6, layers land, water, boundary, place. Their
// attributes are described in README.md.
import GeoJSONVT from 'geojson-vt';
import vtpbf from 'vt-pbf';
import { feature } from 'topojson-client';
import { areaKm2, labelPoint } from './areas.mjs';
import { writePmtiles } from './pmtiles.mjs';

const MAX_ZOOM = 6;
const languages = ['ar', 'en', 'es', 'fr', 'hi', 'id', 'ja', 'pt', 'ru', 'sw', 'tr', 'uk', 'zh'];
const collection = (features) => ({ type: 'FeatureCollection', features });

export async function buildBasemap(sources) {
  const { land, boundary } = await landAndBoundary(sources);
  const layers = { land, water: water(sources), boundary, place: places(sources) };
  const indexes = Object.entries(layers).map(([name, data]) => {
    const labels = name === 'place';
    return [name, new GeoJSONVT(data, {
      maxZoom: MAX_ZOOM, indexMaxZoom: MAX_ZOOM, indexMaxPoints: 0, extent: 4096,
      buffer: labels ? 0 : 64, tolerance: 4,
    })];
  });
  const tiles = [];
  for (let z = 0; z <= MAX_ZOOM; z++) {
    for (let x = 0; x < 2 ** z; x++) for (let y = 0; y < 2 ** z; y++) {
      const data = tile(indexes, z, x, y);
      if (data) tiles.push({ z, x, y, data });
    }
  }
  return writePmtiles(tiles, metadata, { minZoom: 0, maxZoom: MAX_ZOOM, centreZoom: 2 });
}

function tile(indexes, z, x, y) {
  const layers = {};
  for (const [name, index] of indexes) {
    const t = index.getTile(z, x, y);
    if (!t) continue;
    const features = t.features.filter((f) => (f.tags.minzoom ?? 0) <= z).map((f) => ({ ...f, tags: shown(f.tags) }));
    if (features.length > 0) layers[name] = { ...t, features };
  }
  return Object.keys(layers).length > 0 ? Buffer.from(vtpbf.fromGeojsonVt(layers, { version: 2, extent: 4096 })) : null;
}

function shown({ minzoom, ...rest }) {
  return rest;
}

async function landAndBoundary({ admin1, shape }) {
  const slim = collection(admin1.features.map((f) => ({
    type: 'Feature', geometry: f.geometry,
    properties: { country: f.properties.country, owner: f.properties.adm0_a3 },
  })));
  const out = await shape({ 'a.json': slim }, [
    '-i a.json name=a',
    '-simplify visvalingam interval=1100 keep-shapes',
    '-innerlines + name=inner target=a',
    '-dissolve owner copy-fields=country + name=land target=a',
    '-innerlines + name=borders target=land',
    '-o land.json target=land format=geojson precision=0.0001',
    '-o inner.json target=inner format=geojson precision=0.0001',
    '-o borders.json target=borders format=geojson precision=0.0001',
  ].join(' '));
  const read = (name) => JSON.parse(out[name]);
  // One feature a kind: a line's tags cost more than its points.
  const lines = (name, kind, minzoom) => ({
    type: 'Feature', properties: { kind, minzoom },
    geometry: { type: 'MultiLineString', coordinates: geometriesOf(read(name)).flatMap((g) => (g.type === 'LineString' ? [g.coordinates] : g.coordinates)) },
  });
  const land = collection(read('land.json').features.map((f) => ({
    type: 'Feature', geometry: f.geometry, properties: f.properties.country ? { country: f.properties.country } : {},
  })));
  return { land, boundary: collection([lines('inner.json', 'region', 4), lines('borders.json', 'country', 0)]) };
}

const geometriesOf = (json) => json.geometries ?? json.features.map((f) => f.geometry);

function water({ world50 }) {
  const of = (object, kind, minzoom) => feature(world50, world50.objects[object]).features
    .map((f) => ({ type: 'Feature', geometry: f.geometry, properties: { kind, minzoom } }));
  return collection([...of('lakes', 'lake', 1), ...of('rivers', 'river', 2)]);
}

// A label point each; rank counts from 1, the most important.
function places({ countries, admin1, cities }) {
  return collection([...countryLabels(countries, admin1), ...regionLabels(admin1), ...cityLabels(cities)]);
}

function countryLabels(countries, admin1) {
  const out = [];
  for (const c of countries) {
    const parts = admin1.features.filter((f) => f.properties.country === c.country_a2);
    if (parts.length === 0) continue;
    const km2 = areaKm2(parts);
    const rank = km2 > 2e6 ? 1 : km2 > 5e5 ? 2 : km2 > 1e5 ? 3 : km2 > 1e4 ? 4 : 5;
    const names = {};
    for (const l of languages) if (c.i18n?.[l] && l !== 'en') names[`name_${l}`] = c.i18n[l];
    out.push(point(labelPoint(parts), { kind: 'country', name: c.name, country: c.country_a2, rank, ...names, minzoom: rank - 1 }));
  }
  return out;
}

function regionLabels(admin1) {
  const out = [];
  for (const f of admin1.features) {
    const p = f.properties, km2 = areaKm2([f]);
    if (!p.name || km2 < 3000) continue;
    const rank = km2 > 3e5 ? 1 : km2 > 5e4 ? 2 : 3;
    out.push(point(labelPoint([f]), { kind: 'region', name: p.name, country: p.country, rank, minzoom: rank + 3 }));
  }
  return out;
}

function cityLabels(cities) {
  const wanted = cities.filter((c) => c.code !== 'PPLX' && (c.code === 'PPLC' || c.population >= 100_000 || c.code === 'PPLA' && c.population >= 20_000));
  wanted.sort((a, b) => b.population - a.population || a.id - b.id);
  return wanted.map((c) => {
    const capital = c.code === 'PPLC';
    const rank = c.population >= 3e6 ? 1 : capital || c.population >= 1e6 ? 2 : c.population >= 3e5 ? 3 : 4;
    const tags = { kind: 'city', name: c.name, country: c.country, rank, population: c.population, minzoom: rank + 2 };
    if (capital) tags.capital = true;
    return point([c.lon, c.lat], tags);
  });
}

function point([lon, lat], properties) {
  return { type: 'Feature', geometry: { type: 'Point', coordinates: [lon, lat] }, properties };
}

const metadata = {
  name: 'Onyo world', format: 'pbf', type: 'baselayer', version: '1',
  attribution: 'Made with Natural Earth. Place names: <a href="https://www.geonames.org">GeoNames</a>, CC BY 4.0',
  vector_layers: [
    { id: 'land', minzoom: 0, maxzoom: MAX_ZOOM, fields: { country: 'String' } },
    { id: 'water', minzoom: 1, maxzoom: MAX_ZOOM, fields: { kind: 'String' } },
    { id: 'boundary', minzoom: 0, maxzoom: MAX_ZOOM, fields: { kind: 'String' } },
    { id: 'place', minzoom: 0, maxzoom: MAX_ZOOM, fields: {
      kind: 'String', name: 'String', country: 'String', rank: 'Number', population: 'Number', capital: 'Boolean',
      ...Object.fromEntries(languages.filter((l) => l !== 'en').map((l) => [`name_${l}`, 'String'])),
    } },
  ],
};
