// From answers of the API to what the map draws.
import { boxOf, cellRing, circleRing, crown } from './geometry';
import { truthOf } from '../../components/marks';
import type { ClusterFeature, HotspotFeature, IncidentFeature, IncidentProps, Severity } from '../../lib/types';

type Features = GeoJSON.Feature[];
export interface Drawing { hulls: Features; crowns: Features; cells: Features; circles: Features; points: Features; clusters: Features }

const rank: Record<Severity, number> = { low: 0, normal: 1, life_safety: 2 };
const arrow = { rising: '↗', steady: '→', falling: '↘' };
const circleFrom = 200;

function feature(geometry: GeoJSON.Geometry, properties: Record<string, unknown>): GeoJSON.Feature {
  return { type: 'Feature', geometry, properties };
}
const point = (lon: number, lat: number): GeoJSON.Point => ({ type: 'Point', coordinates: [lon, lat] });

function hulls(list: HotspotFeature[]): Pick<Drawing, 'hulls' | 'crowns'> {
  const out: Pick<Drawing, 'hulls' | 'crowns'> = { hulls: [], crowns: [] };
  for (const h of list) {
    const { id, severity, incidents, trend, status } = h.properties;
    const about = { id, severity, status, kind: 'hotspot', rank: rank[severity] };
    out.hulls.push(feature(h.geometry, about));
    out.crowns.push(feature(point(...crown(h.geometry)), { ...about, label: `${incidents} ${arrow[trend]}` }));
  }
  return out;
}

type Single = { lon: number; lat: number; props: Pick<IncidentProps, 'id' | 'severity' | 'status' | 'cell' | 'uncertainty_m'> };

/** Blurred incidents of one cell are one square; true points stay points, with
 * their uncertainty from 200 m upward. */
function singles(list: Single[]): Pick<Drawing, 'cells' | 'circles' | 'points'> {
  const out: Pick<Drawing, 'cells' | 'circles' | 'points'> = { cells: [], circles: [], points: [] };
  const byCell = new Map<string, Single[]>();
  for (const s of list) {
    const { cell, id, severity, status, uncertainty_m: uncertainty } = s.props;
    if (cell) {
      const key = `${cell}|${s.lon.toFixed(6)}|${s.lat.toFixed(6)}`;
      byCell.set(key, [...(byCell.get(key) ?? []), s]);
      continue;
    }
    const about = { id, severity, truth: truthOf(status), kind: 'incident', rank: rank[severity] };
    out.points.push(feature(point(s.lon, s.lat), about));
    if (uncertainty && uncertainty >= circleFrom) {
      out.circles.push(feature({ type: 'Polygon', coordinates: [circleRing(s.lon, s.lat, uncertainty)] }, about));
    }
  }
  for (const group of byCell.values()) {
    const worst = group.reduce((a, b) => (rank[b.props.severity] > rank[a.props.severity] ? b : a));
    const verified = group.some((s) => s.props.status === 'verified');
    const about = {
      id: worst.props.id, severity: worst.props.severity, truth: verified ? 'verified' : truthOf(worst.props.status),
      kind: 'cell', count: group.length, label: group.length > 1 ? String(group.length) : '', rank: rank[worst.props.severity],
    };
    out.cells.push(feature({ type: 'Polygon', coordinates: [cellRing(worst.lon, worst.lat, worst.props.cell ?? 0.01)] }, about));
    out.cells.push(feature(point(worst.lon, worst.lat), about));
  }
  return out;
}

/** Everything to draw; the counts of clusters and singles add up to what the
 * server matched. */
export function draw(hotspots: HotspotFeature[], incidents: IncidentFeature[], clusters: ClusterFeature[], singly: boolean): Drawing {
  const list: Single[] = [];
  const bubbles: Features = [];
  if (singly) {
    for (const i of incidents) {
      if (i.geometry) list.push({ lon: i.geometry.coordinates[0]!, lat: i.geometry.coordinates[1]!, props: i.properties });
    }
  } else {
    const known = new Map(incidents.map((i) => [i.properties.id, i.properties]));
    for (const c of clusters) {
      const [lon = 0, lat = 0] = c.geometry.coordinates;
      const p = c.properties;
      if (p.cluster) {
        bubbles.push(feature(point(lon, lat), { kind: 'cluster', count: p.count, expansion: p.expansion_zoom ?? 0 }));
        continue;
      }
      const id = p.id ?? String(c.id ?? '');
      const more = known.get(id);
      list.push({ lon, lat, props: {
        id, severity: p.severity, status: p.status ?? more?.status ?? 'verified',
        cell: p.cell ?? more?.cell ?? null, uncertainty_m: p.uncertainty_m ?? more?.uncertainty_m ?? null,
      } });
    }
  }
  return { ...hulls(hotspots), ...singles(list), clusters: bubbles };
}

export { boxOf };
