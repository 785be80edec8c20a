// Names of countries, their parts and the regions above them in the languages
// of the world, from the Unicode CLDR.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const json = (...path) => JSON.parse(readFileSync(join(...path), 'utf8'));

// Short forms ("US", "EE. UU.") are taken from widely written languages alone:
// two capitals are a word in some other one.
const shortFrom = ['ar', 'de', 'en', 'es', 'fr', 'it', 'nl', 'pt', 'ru', 'tr', 'uk'];

// loadCldr answers, by code: names of territories (countries by two letters,
// regions by three digits), their short forms, names of ISO 3166-2 subdivisions,
// and which territories a region contains.
export function loadCldr(folder) {
  const names = new Map(), shorts = new Map(), subdivisions = new Map();
  const add = (map, key, name) => {
    if (!map.has(key)) map.set(key, new Set());
    map.get(key).add(name);
  };
  const main = join(folder('cldr-localenames-full'), 'main');
  for (const locale of readdirSync(main).sort()) {
    if (!existsSync(join(main, locale, 'territories.json'))) continue;
    const territories = json(main, locale, 'territories.json').main[locale].localeDisplayNames.territories;
    for (const [key, name] of Object.entries(territories)) {
      const [code, alt, kind] = key.split('-');
      if (!/^([A-Z]{2}|\d{3})$/.test(code) || (name === code && !alt)) continue;
      if (!alt || kind === 'variant') add(names, code, name);
      else if (kind === 'short' && shortFrom.includes(locale) && (locale === 'en' || letters(name) >= 3)) add(isAbbreviation(name) ? shorts : names, code, name);
    }
  }
  const parts = join(folder('cldr-subdivisions-full'), 'subdivisions');
  for (const locale of readdirSync(parts).sort()) {
    if (!existsSync(join(parts, locale, `${locale}.json`))) continue;
    const list = json(parts, locale, `${locale}.json`).subdivisions.localeDisplayNames.subdivisions;
    for (const [key, name] of Object.entries(list)) add(subdivisions, `${key.slice(0, 2)}-${key.slice(2)}`.toUpperCase(), name);
  }
  return { names, shorts, subdivisions, english: english(main), members: containment(folder('cldr-core')) };
}

const letters = (name) => name.replace(/[^\p{L}]/gu, '').length;
const isAbbreviation = (name) => name === name.toUpperCase() && name !== name.toLowerCase();

function english(main) {
  return new Map(Object.entries(json(main, 'en', 'territories.json').main.en.localeDisplayNames.territories));
}

// containment answers the countries of every region, those of regions in it too.
function containment(core) {
  const table = json(core, 'supplemental', 'territoryContainment.json').supplemental.territoryContainment;
  const countries = (code) => (table[code]?._contains ?? []).flatMap((c) => (/^\d/.test(c) ? countries(c) : [c]));
  return new Map(Object.keys(table).filter((c) => /^\d{3}$/.test(c) && c !== '001').map((c) => [c, countries(c)]));
}
