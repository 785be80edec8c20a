// Areas below Natural Earth's: the second level of GeoNames, and first-level
// ones that are newer than Natural Earth's. GeoNames gives them no outline, so
// they lie where their settlements do.
import { fold } from './names.mjs';

// The words that say what an area is, not which.
const generic = / ?\b(county|district|province|governorate|municipality|municipio|municipiul|comuna|regency|department|region|division|prefecture|parish|city|of|de|du|del|la)\b ?/g;
const bare = (name) => fold(name).replace(generic, ' ').trim();

// divisions answers the areas that add a name. known are the names, folded, that
// a country's areas have already.
export function divisions(towns, levels, known) {
  const members = new Map();
  for (const t of towns) {
    for (const code of [t.area && `${t.country}.${t.area}`, t.area && t.district && `${t.country}.${t.area}.${t.district}`]) {
      if (!code || !levels.has(code)) continue;
      if (!members.has(code)) members.set(code, []);
      members.get(code).push(t);
    }
  }
  const out = [];
  for (const code of [...members.keys()].sort()) {
    const name = levels.get(code), list = members.get(code), country = code.slice(0, 2);
    if (known.has(`${country} ${bare(name)}`) || list.some((t) => list.length < 3 && bare(t.name) === bare(name))) continue;
    out.push({ name, country, ...middle(list), admin1: mostCommon(list.map((t) => t.admin1)) });
  }
  return out;
}

export const areaKey = (country, name) => `${country} ${bare(name)}`;

// middle is the mean of the settlements, people left aside, for the largest of
// them need not lie in the middle; the radius takes in two thirds of them.
function middle(list) {
  const mean = (key) => list.reduce((s, t) => s + t[key], 0) / list.length;
  const lon = mean('lon'), lat = mean('lat');
  const cos = Math.cos((lat * Math.PI) / 180);
  const far = list.map((t) => Math.hypot((t.lon - lon) * cos, t.lat - lat) * 111.195).sort((a, b) => a - b);
  const radiusKm = Math.max(5, Math.round(1.3 * far[Math.floor((far.length * 2) / 3)]));
  return { lon, lat, radiusKm, population: list.reduce((s, t) => s + t.population, 0) };
}

function mostCommon(values) {
  const count = new Map();
  for (const v of values) count.set(v, (count.get(v) ?? 0) + 1);
  return [...count].sort((a, b) => b[1] - a[1] || a[0] - b[0])[0][0];
}
