// What is shown, kept in the address so that a link shows the same.
import { signal } from '@preact/signals';

export interface Filters {
  categories: string[];
  /** verified: only what two people checked; all: whatever the face may see. */
  truth: 'all' | 'verified';
  phase: 'ongoing' | 'all';
  /** Event time, epoch milliseconds, half-open; null is no bound. */
  since: number | null;
  until: number | null;
}

export interface Place { lon: number; lat: number; zoom: number }

const nothing: Filters = { categories: [], truth: 'all', phase: 'ongoing', since: null, until: null };

export function readFilters(search: string): Filters {
  const q = new URLSearchParams(search);
  const time = (name: string) => { const at = Date.parse(q.get(name) ?? ''); return Number.isNaN(at) ? null : at; };
  return {
    categories: (q.get('category') ?? '').split(',').filter(Boolean),
    truth: q.get('truth') === 'verified' ? 'verified' : 'all',
    phase: q.get('phase') === 'all' ? 'all' : 'ongoing',
    since: time('since'), until: time('until'),
  };
}

export function readPlace(search: string): Place | null {
  const [lon, lat, zoom] = (new URLSearchParams(search).get('at') ?? '').split(',').map(Number);
  const fine = [lon, lat, zoom].every((n) => n !== undefined && Number.isFinite(n));
  return fine && Math.abs(lat!) <= 90 && zoom! >= 0 && zoom! <= 22 ? { lon: lon!, lat: lat!, zoom: zoom! } : null;
}

/** Writes filters and place into a query, leaving other parameters alone. */
export function writeSearch(search: string, filters: Filters, place: Place | null): string {
  const q = new URLSearchParams(search);
  const set = (name: string, value: string | null) => (value ? q.set(name, value) : q.delete(name));
  set('category', filters.categories.join(','));
  set('truth', filters.truth === 'all' ? null : filters.truth);
  set('phase', filters.phase === 'ongoing' ? null : filters.phase);
  set('since', filters.since === null ? null : new Date(filters.since).toISOString());
  set('until', filters.until === null ? null : new Date(filters.until).toISOString());
  if (place) set('at', `${place.lon.toFixed(4)},${place.lat.toFixed(4)},${place.zoom.toFixed(1)}`);
  const text = q.toString().replaceAll('%2C', ',').replaceAll('%3A', ':');
  return text ? `?${text}` : '';
}

/** The query of the map endpoints for these filters. */
export function apiQuery(filters: Filters, ops: boolean): Record<string, string> {
  const unchecked = ops ? 'received,triaged,in_review,needs_info,probable,verified' : '';
  return {
    category: filters.categories.join(','),
    status: filters.truth === 'verified' ? 'verified' : unchecked,
    phase: filters.phase === 'all' ? 'ongoing,over' : 'ongoing',
    since: filters.since === null ? '' : new Date(filters.since).toISOString(),
    until: filters.until === null ? '' : new Date(filters.until).toISOString(),
  };
}

export const filters = signal<Filters>(typeof location === 'undefined' ? nothing : readFilters(location.search));
export const anyFilter = () => {
  const f = filters.value;
  return f.categories.length > 0 || f.truth !== 'all' || f.phase !== 'ongoing' || f.since !== null || f.until !== null;
};
export const clearFilters = () => { filters.value = { ...nothing }; };
