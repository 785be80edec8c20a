// What the map and its list show: asked for by box and filters, kept fresh by
// the live stream.
import { effect, signal } from '@preact/signals';
import { aborted, get, withQuery } from '../../lib/api';
import { listen, throttled, type Live } from '../../lib/live';
import type { Box, ClusterFeature, Collection, HotspotFeature, HotspotProps, IncidentFeature, IncidentProps } from '../../lib/types';
import { apiQuery, filters } from './filters';
import { queryBox } from './geometry';

const inList = 1000;
const changesKept = 100;

export interface Change { id: string; kind: 'hotspot' | 'incident'; at: number; feature: HotspotFeature | IncidentFeature; isNew: boolean }

export class MapData {
  readonly hotspots = signal<HotspotFeature[]>([]);
  readonly incidents = signal<IncidentFeature[]>([]);
  readonly clusters = signal<ClusterFeature[]>([]);
  /** How many incidents the filters match in the box; the list may hold fewer. */
  readonly matched = signal(0);
  readonly state = signal<'loading' | 'ready' | 'failed'>('loading');
  readonly fault = signal<unknown>(null);
  /** The time of the newest batch, epoch milliseconds; 0 before any. */
  readonly batchAt = signal(0);
  /** Ops: what changed since the page was opened, newest first. */
  readonly changes = signal<Change[]>([]);
  /** A hotspot that has just changed: it breathes once. */
  readonly fresh = signal<string | null>(null);
  live: Live | null = null;

  private box: Box = [-180, -85, 180, 85];
  private zoom = 0;
  private running: AbortController | null = null;
  private readonly refreshSoon = throttled(800, () => void this.refresh());

  constructor(readonly base: string, readonly ops: boolean) {
    let first = true;
    effect(() => {
      filters.value;
      if (!first) this.refreshSoon();
      first = false;
    });
  }

  /** Follows the view; one question is under way at a time, the last wins. */
  async look(box: Box, zoom: number): Promise<void> {
    this.box = queryBox(box);
    this.zoom = Math.max(0, Math.floor(zoom));
    await this.refresh();
  }

  async refresh(): Promise<void> {
    this.running?.abort();
    const run = this.running = new AbortController();
    const query = { ...apiQuery(filters.value, this.ops), bbox: this.box.map((d) => d.toFixed(5)).join(','), zoom: this.zoom };
    const ask = <T>(what: string, extra: Record<string, string | number> = {}) =>
      get<T>(withQuery(`${this.base}/${what}`, { ...query, ...extra }), { signal: run.signal });
    try {
      const [hotspots, incidents, clusters] = await Promise.all([
        ask<Collection<HotspotProps>>('hotspots', { bbox: '', status: '' }),
        ask<Collection<IncidentProps>>('incidents', { limit: inList }),
        ask<Collection<ClusterFeature['properties']>>('clusters'),
      ]);
      this.hotspots.value = order(hotspots.features as HotspotFeature[]);
      this.incidents.value = incidents.features as IncidentFeature[];
      this.matched.value = incidents.numberMatched ?? incidents.features.length;
      this.clusters.value = clusters.features as ClusterFeature[];
      this.heardBatch(incidents.batch_at ?? hotspots.batch_at);
      this.state.value = 'ready';
      this.fault.value = null;
    } catch (fault) {
      if (aborted(fault)) return;
      this.fault.value = fault;
      if (this.state.value === 'loading') this.state.value = 'failed';
    }
  }

  /** Whether points are drawn one by one rather than as clusters. */
  get singly(): boolean { return this.zoom >= 12 && this.matched.value <= this.incidents.value.length; }

  follow(): void {
    this.live = listen(`${this.base}/live`, {
      hotspot: (data) => this.takeHotspot(data as HotspotFeature),
      incident: (data) => this.takeIncident(data as IncidentFeature),
      retract: (data) => this.drop((data as { id?: string }).id ?? ''),
      resync: () => this.refreshSoon(),
      heartbeat: (data) => this.heardBatch((data as { batch_at?: string }).batch_at),
    });
  }

  private heardBatch(at: string | undefined): void {
    const time = Date.parse(at ?? '');
    if (!Number.isNaN(time) && time > this.batchAt.value) this.batchAt.value = time;
  }

  private takeHotspot(feature: HotspotFeature): void {
    if (!feature?.properties) return;
    const others = this.hotspots.value.filter((h) => h.properties.id !== feature.properties.id);
    this.note('hotspot', feature, others.length === this.hotspots.value.length);
    const f = filters.value;
    const shown = feature.properties.status !== 'closed' && (!f.categories.length || feature.properties.categories.some((c) => f.categories.includes(c)));
    this.hotspots.value = order(shown ? [...others, feature] : others);
    this.fresh.value = feature.properties.id;
  }

  private takeIncident(feature: IncidentFeature): void {
    if (!feature?.properties) return;
    const id = feature.properties.id;
    const known = this.heard.has(id) || this.incidents.value.some((i) => i.properties.id === id);
    this.heard.add(id);
    this.note('incident', feature, !known);
    this.refreshSoon();
  }

  private drop(id: string): void {
    this.hotspots.value = this.hotspots.value.filter((h) => h.properties.id !== id);
    this.incidents.value = this.incidents.value.filter((i) => i.properties.id !== id);
    this.refreshSoon();
  }

  /** Incidents told of since the page was opened, in view or not. */
  private readonly heard = new Set<string>();

  private note(kind: Change['kind'], feature: HotspotFeature | IncidentFeature, isNew: boolean): void {
    if (!this.ops) return;
    const change: Change = { id: feature.properties.id, kind, at: Date.now(), feature, isNew };
    this.changes.value = [change, ...this.changes.value].slice(0, changesKept);
  }
}

const severityRank = { low: 0, normal: 1, life_safety: 2 };

function order(list: HotspotFeature[]): HotspotFeature[] {
  return [...list].sort((a, b) => severityRank[b.properties.severity] - severityRank[a.properties.severity]
    || b.properties.score - a.properties.score || (a.properties.id < b.properties.id ? -1 : 1));
}
