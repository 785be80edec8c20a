// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';
import type { ClusterFeature, HotspotFeature, IncidentFeature } from '../../lib/types';
import { apiQuery, readFilters, readPlace, writeSearch } from './filters';
import { freshness } from './fresh';
import { histogram } from './histogram';
import { draw } from './marks';
import { nearest } from './sheet';

const incident = (id: string, lon: number, more: Partial<IncidentFeature['properties']> = {}): IncidentFeature => ({
  type: 'Feature', geometry: { type: 'Point', coordinates: [lon, 1] },
  properties: { id, status: 'verified', phase: 'ongoing', severity: 'normal', category: 'flood', categories: ['flood'], summary: '', occurred_at: '2026-05-01T12:00:00Z', reports: 1, independent_sources: 1, uncertainty_m: 50, cell: null, ...more },
});

describe('filters in the address', () => {
  it('come back as they went', () => {
    const filters = { categories: ['flood', 'fire'], truth: 'verified' as const, phase: 'all' as const, since: Date.UTC(2026, 4, 1), until: null };
    const search = writeSearch('?lang=ar', filters, { lon: 36.8219, lat: -1.2921, zoom: 12.5 });
    expect(search).toContain('lang=ar');
    expect(readFilters(search)).toEqual(filters);
    expect(readPlace(search)).toEqual({ lon: 36.8219, lat: -1.2921, zoom: 12.5 });
  });
  it.each(['', '?at=1,2', '?at=x,y,z', '?at=1,91,3', '?at=1,1,99'])('refuse a place such as %s', (search) => expect(readPlace(search)).toBeNull());
  it('survive nonsense', () => expect(readFilters('?since=yesterday&phase=x&category=,,')).toEqual({ categories: [], truth: 'all', phase: 'ongoing', since: null, until: null }));
  it('ask ops for what is unchecked too, the public never', () => {
    const all = readFilters('');
    expect(apiQuery(all, true)['status']).toContain('triaged');
    expect(apiQuery(all, false)['status']).toBe('');
    expect(apiQuery(readFilters('?truth=verified'), true)['status']).toBe('verified');
  });
});

describe('what is drawn', () => {
  const counted = (d: ReturnType<typeof draw>) => d.points.length
    + d.cells.filter((c) => c.geometry.type === 'Point').reduce((n, c) => n + Number(c.properties!['count']), 0)
    + d.clusters.reduce((n, c) => n + Number(c.properties!['count']), 0);

  it('never makes a point of a blurred incident', () => {
    const d = draw([], [incident('a', 1, { cell: 0.01 }), incident('b', 1, { cell: 0.01, severity: 'life_safety', status: 'probable' }), incident('c', 2)], [], true);
    expect(d.points.map((p) => p.properties!['id'])).toEqual(['c']);
    const [square, token] = d.cells;
    expect(square!.geometry.type).toBe('Polygon');
    expect(token!.properties).toMatchObject({ count: 2, label: '2', severity: 'life_safety', truth: 'verified' });
    expect(counted(d)).toBe(3);
  });
  it('draws uncertainty from 200 m upward', () => {
    const d = draw([], [incident('a', 1, { uncertainty_m: 199 }), incident('b', 2, { uncertainty_m: 200 })], [], true);
    expect(d.circles.map((c) => c.properties!['id'])).toEqual(['b']);
  });
  it('adds up when clusters and singles mix', () => {
    const cluster = (count: number, lon: number): ClusterFeature => ({ type: 'Feature', geometry: { type: 'Point', coordinates: [lon, 1] }, properties: count > 1 ? { cluster: true, count, severity: 'normal', expansion_zoom: 9 } : { cluster: false, count: 1, id: `s${lon}`, severity: 'low' } });
    expect(counted(draw([], [incident('s5', 5, { cell: 0.01 })], [cluster(40, 1), cluster(2, 2), cluster(1, 5), cluster(1, 6)], false))).toBe(44);
  });
  it('leaves out incidents without a place', () => expect(counted(draw([], [{ ...incident('a', 1), geometry: null }], [], true))).toBe(0));
  it('says count and trend of a hotspot', () => {
    const hotspot = { type: 'Feature', geometry: { type: 'Polygon', coordinates: [[[0, 0], [1, 0], [1, 1], [0, 0]]] }, properties: { id: 'h', status: 'active', severity: 'normal', incidents: 7, trend: 'falling' } } as unknown as HotspotFeature;
    expect(draw([hotspot], [], [], true).crowns[0]!.properties!['label']).toBe('7 ↘');
  });
});

describe('freshness', () => {
  const minute = 60_000, at = 100 * minute;
  it.each([
    ['live', at - minute, at, 'live', 'live'],
    ['stale by batch though connected', at - 16 * minute, at, 'live', 'stale'],
    ['lost a moment ago', at - minute, at - minute, 'lost', 'lost'],
    ['lost for long', at - 3 * minute, at - 3 * minute, 'lost', 'stale'],
    ['nothing yet', 0, 0, 'connecting', 'waiting'],
  ] as const)('%s', (_, batchAt, heard, link, want) => expect(freshness(at, batchAt, heard, link, 900)).toBe(want));
});

describe('histogram', () => {
  it('counts each time once, in at most as many bars as asked', () => {
    for (const span of [0, 90_000, 3_600_000, 86_400_000, 400 * 86_400_000]) {
      const times = Array.from({ length: 200 }, (_, i) => Date.UTC(2026, 4, 1) + span * i / 199);
      const { counts, step, start } = histogram(times);
      expect(counts.reduce((a, b) => a + b, 0)).toBe(200);
      expect(counts.length).toBeLessThanOrEqual(48);
      expect(counts.length).toBeGreaterThanOrEqual(24);
      expect(start % step).toBe(0);
    }
  });
  it('is empty for nothing', () => expect(histogram([]).counts).toEqual([]));
});

it('lets the sheet rest at the nearest of three stops', () => {
  expect([100, 400, 750].map((h) => nearest(h, 800))).toEqual(['peek', 'half', 'full']);
});
