// Shapes on the sphere that the map draws from plain numbers.
import type { Box } from '../../lib/types';

type Ring = [number, number][];
const radius = 6_371_008.8;

/** The square of a blurred location: it is drawn instead of any point. */
export function cellRing(lon: number, lat: number, size: number): Ring {
  const h = size / 2;
  const south = Math.max(-90, lat - h), north = Math.min(90, lat + h);
  return [[lon - h, south], [lon + h, south], [lon + h, north], [lon - h, north], [lon - h, south]];
}

/** A circle of so many metres around a point. */
export function circleRing(lon: number, lat: number, metres: number, steps = 48): Ring {
  const d = metres / radius, rad = Math.PI / 180;
  const sinLat = Math.sin(lat * rad), cosLat = Math.cos(lat * rad);
  return Array.from({ length: steps + 1 }, (_, i) => {
    const bearing = (i % steps) / steps * 2 * Math.PI;
    const y = Math.asin(sinLat * Math.cos(d) + cosLat * Math.sin(d) * Math.cos(bearing));
    const x = lon * rad + Math.atan2(Math.sin(bearing) * Math.sin(d) * cosLat, Math.cos(d) - sinLat * Math.sin(y));
    return [x / rad, y / rad];
  });
}

/** Every corner of a geometry. */
function corners(geometry: GeoJSON.Geometry): number[][] {
  switch (geometry.type) {
    case 'Point': return [geometry.coordinates];
    case 'MultiPoint': case 'LineString': return geometry.coordinates;
    case 'MultiLineString': case 'Polygon': return geometry.coordinates.flat();
    case 'MultiPolygon': return geometry.coordinates.flat(2);
    case 'GeometryCollection': return geometry.geometries.flatMap(corners);
  }
}

/** The box around a geometry: west, south, east, north. */
export function boxOf(geometry: GeoJSON.Geometry): Box {
  const box: Box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x = 0, y = 0] of corners(geometry)) {
    box[0] = Math.min(box[0], x); box[1] = Math.min(box[1], y);
    box[2] = Math.max(box[2], x); box[3] = Math.max(box[3], y);
  }
  return box;
}

/** Where a hull carries its label: the middle of its upper edge. */
export function crown(geometry: GeoJSON.Geometry): [number, number] {
  const [west, , east, north] = boxOf(geometry);
  const near = corners(geometry).filter(([, y = -90]) => y > north - (north - boxOf(geometry)[1]) * 0.02).map(([x = 0]) => x);
  return [near.length ? near.reduce((a, b) => a + b, 0) / near.length : (west + east) / 2, north];
}

/** The box of a query: padded, so that small moves need no new one; degrees
 * beyond ±180 fold back and may make west greater than east. */
export function queryBox(box: Box, pad = 0.25): Box {
  const [west, south, east, north] = box;
  const dx = (east - west) * pad, dy = (north - south) * pad;
  const s = Math.max(-90, south - dy), n = Math.min(90, north + dy);
  if (east - west + 2 * dx >= 360) return [-180, s, 180, n];
  return [fold(west - dx), s, fold(east + dx), n];
}

const fold = (lon: number) => (lon >= -180 && lon <= 180 ? lon : ((lon + 180) % 360 + 360) % 360 - 180);

/** A graticule fine enough to give a bare ground its scale. */
export function graticule(box: Box): { step: number; lines: number[][][] } {
  const span = Math.max(box[2] - box[0], 1e-6);
  const power = 10 ** Math.floor(Math.log10(span / 4));
  const step = [1, 2, 5, 10].map((k) => k * power).find((s) => span / s <= 8) ?? power * 10;
  const lines: number[][][] = [];
  const dy = (box[3] - box[1]) / 2, dx = span / 2;
  const south = Math.max(-85, box[1] - dy), north = Math.min(85, box[3] + dy), west = box[0] - dx, east = box[2] + dx;
  for (let x = Math.ceil(west / step) * step; x <= east; x += step) lines.push([[x, south], [x, north]]);
  for (let y = Math.ceil(south / step) * step; y <= north; y += step) lines.push([[west, y], [east, y]]);
  return { step, lines };
}
