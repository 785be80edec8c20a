// Writes world.bin.gz, which package geo/gazetteer reads. The format is
// described in README.md; all numbers are varints, all texts UTF-8.
import { Bytes, gzip } from './bytes.mjs';
import { distinct } from './names.mjs';
import { AreaIndex, ringsOf, areaKm2, labelPoint } from './areas.mjs';
import { areaKey, divisions } from './divisions.mjs';

const FORMAT = 2;
const kinds = { country: 0, region: 1, admin1: 2, capital: 3, seat: 4, town: 5, quarter: 6, division: 7 };

export function buildGazetteer({ admin1, countries, cities, levels, cldr }) {
  const first = admin1Areas(admin1, cldr);
  const areas = [...countryAreas(countries, admin1, cldr), ...regionAreas(admin1), ...worldRegions(admin1, cldr), ...first];
  const number = new Map(first.map((a) => [a.feature, areas.indexOf(a)]));
  const index = new AreaIndex(admin1.features);
  const towns = cities.map((c) => ({ ...c, admin1: number.get(index.find(c.lon, c.lat, c.country)) ?? -1 }));
  settleBorderTowns(towns);
  towns.sort((a, b) => order(a.country, b.country) || a.admin1 - b.admin1 || b.population - a.population || a.id - b.id);
  const known = new Set(first.flatMap((a) => [a.name, ...a.names].map((n) => areaKey(a.country, n))));
  areas.push(...divisions(towns, levels, known).map((d) => ({ ...d, kind: 'division', code: '', names: [], short: [] })));

  const sections = [areaSection(areas), ...townSections(towns), polygonSection(areas)];
  const head = new Bytes();
  for (const c of Buffer.from('onyogaz')) head.byte(c);
  head.byte(FORMAT).uvarint(sections.length);
  for (const s of sections) head.uvarint(s.length);
  return gzip(Buffer.concat([head.buffer(), ...sections]));
}

// settleBorderTowns: where nine in ten towns of one GeoNames area lie in one
// polygon, the rest are on the wrong side of a coarse border (St. Louis).
function settleBorderTowns(towns) {
  for (const members of group(towns.filter((t) => t.area), (t) => `${t.country}.${t.area}`).values()) {
    const [admin1, most] = [...group(members, (t) => t.admin1)].sort((a, b) => b[1].length - a[1].length)[0];
    if (members.length < 10 || most.length < 0.9 * members.length) continue;
    for (const t of members) t.admin1 = admin1;
  }
}

const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

function localNames(p) {
  return Object.keys(p).filter((k) => /^name_[a-z]+$/.test(k) && k !== 'name_len').sort().map((k) => p[k]).filter((v) => typeof v === 'string' && v);
}

function countryAreas(countries, admin1, cldr) {
  const byCode = Map.groupBy ? Map.groupBy(admin1.features, (f) => f.properties.country) : group(admin1.features, (f) => f.properties.country);
  return countries
    .filter((c) => byCode.has(c.country_a2))
    .sort((a, b) => order(a.country_a2, b.country_a2))
    .map((c) => {
      const parts = byCode.get(c.country_a2);
      const names = [...Object.keys(c.i18n ?? {}).sort().map((k) => c.i18n[k]), ...(cldr.names.get(c.country_a2) ?? [])];
      const long = [c.country_name, cldr.english.get(c.country_a2) ?? ''];
      const short = [...(cldr.shorts.get(c.country_a2) ?? []), ...long.map(initials)];
      return { ...area('country', c.name, c.country_a2, '', [...long, ...names], parts), short: shortForms(short) };
    });
}

// initials of three words or more: DRC, UAE, PNG.
function initials(name) {
  const words = name.replace(/\(.*\)|,.*/g, '').split(/[\s-]+/).filter((w) => /^[A-Z]/.test(w));
  return words.length >= 3 ? words.map((w) => w[0]).join('') : '';
}

// shortForms are kept without dots, as they are looked up.
const shortForms = (list) => [...new Set(list.map((s) => s.replace(/[\s.-]/g, '')).filter((s) => [...s].length >= 2))].sort();

// worldRegions are those of the United Nations: Caribbean, Central America.
function worldRegions(admin1, cldr) {
  const parts = group(admin1.features, (f) => f.properties.country);
  return [...cldr.members].sort((a, b) => order(a[0], b[0])).map(([code, members]) => {
    const name = cldr.english.get(code);
    const lands = members.flatMap((c) => parts.get(c) ?? []);
    return name && lands.length ? area('region', name, '', '', [...(cldr.names.get(code) ?? [])], lands) : undefined;
  }).filter(Boolean);
}

// Regions are the level between: England, Lombardia, Nouvelle-Aquitaine.
function regionAreas(admin1) {
  const found = [];
  for (const field of ['region', 'geonunit']) {
    const groups = group(admin1.features.filter((f) => f.properties[field] && f.properties[field] !== f.properties.admin),
      (f) => `${f.properties.country}\t${f.properties[field]}`);
    for (const [key, parts] of groups) {
      if (parts.length < 2) continue;
      const [country, name] = key.split('\t');
      found.push(area('region', name, country, '', [], parts));
    }
  }
  return found.sort((a, b) => order(a.country, b.country) || order(a.name, b.name));
}

function admin1Areas(admin1, cldr) {
  return admin1.features
    .filter((f) => f.properties.name)
    .map((f) => {
      const p = f.properties;
      const names = [...(p.name_alt ?? '').split('|'), p.gn_name ?? '', p.woe_name ?? '', ...localNames(p)].filter(Boolean);
      const code = /^[A-Z]{2}-[A-Z0-9]+$/.test(p.iso_3166_2 ?? '') ? p.iso_3166_2 : '';
      names.push(...(cldr.subdivisions.get(code) ?? []));
      const short = [p.postal ?? '', code.slice(3)].filter((s) => /^[A-Z]{2,3}$/.test(s));
      return { ...area('admin1', p.name, p.country, code, names, [f]), short: shortForms(short), feature: f };
    })
    .sort((a, b) => order(a.country, b.country) || order(a.code, b.code) || order(a.name, b.name));
}

function group(list, key) {
  const out = new Map();
  for (const v of list) {
    const k = key(v);
    if (out.has(k)) out.get(k).push(v);
    else out.set(k, [v]);
  }
  return out;
}

function area(kind, name, country, code, names, parts) {
  const [lon, lat] = labelPoint(parts);
  const radiusKm = Math.max(1, Math.round(Math.sqrt(areaKm2(parts) / Math.PI)));
  return { kind, name, country, code, names: distinct(name, names.map((n) => n.trim())), short: [], lon, lat, radiusKm };
}

function areaSection(areas) {
  const out = new Bytes().uvarint(areas.length);
  for (const a of areas) {
    out.byte(kinds[a.kind]).text(a.name).text(a.country).text(a.code);
    out.varint(Math.round(a.lon * 1e4)).varint(Math.round(a.lat * 1e4)).uvarint(a.radiusKm);
    out.uvarint((a.admin1 ?? -1) + 1).uvarint(a.population ?? 0).text(a.short.join('|')).text(a.names.join('|'));
  }
  return out.buffer();
}

function townKind(code) {
  if (code === 'PPLC') return kinds.capital;
  if (/^PPLA/.test(code)) return kinds.seat;
  return code === 'PPLX' ? kinds.quarter : kinds.town;
}

// A column each compresses best.
function townSections(towns) {
  const names = [], alternates = [], countries = [];
  const kind = new Bytes(), admin1 = new Bytes(), lon = new Bytes(), lat = new Bytes(), population = new Bytes();
  let lastArea = 0, lastLon = 0, lastLat = 0;
  for (const t of towns) {
    names.push(t.name);
    alternates.push(distinct(t.name, t.alternates).join('|'));
    countries.push(t.country);
    kind.byte(townKind(t.code));
    admin1.varint(t.admin1 - lastArea);
    lastArea = t.admin1;
    const x = Math.round(t.lon * 1e4), y = Math.round(t.lat * 1e4);
    lon.varint(x - lastLon);
    lat.varint(y - lastLat);
    lastLon = x;
    lastLat = y;
    population.uvarint(t.population);
  }
  const lines = (l) => Buffer.from(l.join('\n'), 'utf8');
  return [lines(names), lines(alternates), lines(countries), ...[kind, admin1, lon, lat, population].map((b) => b.buffer())];
}

// Polygons of the admin-1 areas, in units of 10⁻³ degree.
function polygonSection(areas) {
  const out = new Bytes();
  for (const [i, a] of areas.entries()) {
    if (a.kind !== 'admin1') continue;
    const rings = ringsOf(a.feature.simple).map((r) => quantise(r)).filter((r) => r.length >= 3);
    out.uvarint(i).uvarint(rings.length);
    for (const ring of rings) {
      out.uvarint(ring.length);
      let [px, py] = [0, 0];
      for (const [x, y] of ring) {
        out.varint(x - px).varint(y - py);
        [px, py] = [x, y];
      }
    }
  }
  return out.buffer();
}

function quantise(ring) {
  const out = [];
  for (const [lon, lat] of ring.slice(0, -1)) {
    const p = [Math.round(lon * 1e3), Math.round(lat * 1e3)];
    const last = out.at(-1);
    if (!last || last[0] !== p[0] || last[1] !== p[1]) out.push(p);
  }
  return out;
}
