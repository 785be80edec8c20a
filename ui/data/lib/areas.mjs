// Small geometry on GeoJSON polygons, in degrees.

export function ringsOf(geometry) {
  if (!geometry) return [];
  if (geometry.type === 'Polygon') return geometry.coordinates;
  if (geometry.type === 'MultiPolygon') return geometry.coordinates.flat();
  return [];
}

function outerRings(geometry) {
  if (geometry.type === 'Polygon') return [geometry.coordinates[0]];
  if (geometry.type === 'MultiPolygon') return geometry.coordinates.map((p) => p[0]);
  return [];
}

const KM = 111.195;

// signedArea in km², and the centroid, on an equirectangular plane through the
// ring's own middle: good enough for a radius and a label.
function ringMoments(ring) {
  const cos = Math.cos((ring.reduce((s, p) => s + p[1], 0) / ring.length) * (Math.PI / 180));
  let area = 0, cx = 0, cy = 0;
  for (let i = 1; i < ring.length; i++) {
    const [x0, y0] = ring[i - 1], [x1, y1] = ring[i];
    const cross = x0 * y1 - x1 * y0;
    area += cross;
    cx += (x0 + x1) * cross;
    cy += (y0 + y1) * cross;
  }
  const km2 = Math.abs(area / 2) * KM * KM * cos;
  return area === 0 ? { km2: 0, lon: ring[0][0], lat: ring[0][1] } : { km2, lon: cx / (3 * area), lat: cy / (3 * area) };
}

export function areaKm2(features) {
  let sum = 0;
  for (const f of features) for (const r of outerRings(f.geometry)) sum += ringMoments(r).km2;
  return sum;
}

// labelPoint is the centroid, by weight, of the rings within REACH degrees of
// the one that has most land around it: overseas parts are left out, and so is
// the far side of 180°.
const REACH = 25;

export function labelPoint(features) {
  const rings = features.flatMap((f) => outerRings(f.geometry)).map(ringMoments);
  rings.sort((a, b) => b.km2 - a.km2);
  const around = (m) => rings.filter((r) => Math.abs(r.lon - m.lon) <= REACH && Math.abs(r.lat - m.lat) <= REACH);
  const sum = (list) => list.reduce((s, r) => s + r.km2, 0);
  let best = [rings[0]];
  for (const m of rings.slice(0, 60)) {
    const near = around(m);
    if (sum(near) > sum(best) * 1.0001) best = near;
  }
  const w = sum(best);
  if (w === 0) return [best[0].lon, best[0].lat];
  const mean = (key) => best.reduce((s, r) => s + r[key] * r.km2, 0) / w;
  return [mean('lon'), mean('lat')];
}

export function inside(rings, lon, lat) {
  let odd = false;
  for (const ring of rings) {
    for (let i = 1; i < ring.length; i++) {
      const [x0, y0] = ring[i - 1], [x1, y1] = ring[i];
      if (y0 > lat !== y1 > lat && lon < ((x1 - x0) * (lat - y0)) / (y1 - y0) + x0) odd = !odd;
    }
  }
  return odd;
}

// AreaIndex finds the feature that contains a point, by a grid of one degree
// over the features' boxes.
export class AreaIndex {
  constructor(features) {
    this.cells = new Map();
    for (const feature of features) {
      for (const ring of outerRings(feature.geometry)) this.insert(feature, ring);
    }
  }

  insert(feature, ring) {
    let w = 180, s = 90, e = -180, n = -90;
    for (const [x, y] of ring) {
      w = Math.min(w, x); e = Math.max(e, x); s = Math.min(s, y); n = Math.max(n, y);
    }
    for (let x = Math.floor(w); x <= Math.floor(e); x++) {
      for (let y = Math.floor(s); y <= Math.floor(n); y++) {
        const key = x * 1000 + y;
        if (!this.cells.has(key)) this.cells.set(key, new Set());
        this.cells.get(key).add(feature);
      }
    }
  }

  // find prefers a feature of the given country. A point beside every polygon
  // (piers, islets) goes to the feature of its country with the nearest corner
  // within a third of a degree.
  find(lon, lat, country) {
    const near = [...(this.cells.get(Math.floor(lon) * 1000 + Math.floor(lat)) ?? [])].filter((f) => f.properties.country === country && f.properties.name);
    for (const f of near) if (inside(ringsOf(f.geometry), lon, lat)) return f;
    let best, least = 1 / 9;
    const cos = Math.cos((lat * Math.PI) / 180);
    for (const f of near) {
      for (const ring of ringsOf(f.geometry)) {
        for (const [x, y] of ring) {
          const d = ((x - lon) * cos) ** 2 + (y - lat) ** 2;
          if (d < least) [best, least] = [f, d];
        }
      }
    }
    return best;
  }
}
