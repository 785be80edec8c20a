// The map's look: a quiet ground from our own tiles, and the data above it.
import type { ExpressionSpecification, LayerSpecification, StyleSpecification } from 'maplibre-gl';
import { paletteOf, type Palette } from './images';

export const dataSources = ['hulls', 'crowns', 'cells', 'circles', 'points', 'clusters', 'graticule', 'draft'] as const;
export type DataSource = (typeof dataSources)[number];

const font = ['system-ui', 'Noto Sans', 'Noto Sans Arabic', 'Noto Sans Devanagari'];
// The first name's weight is what the map draws with.
const strong = ['Noto Sans Bold', 'system-ui', 'Noto Sans Arabic'];

const bySeverity = (colours: Record<string, string>): ExpressionSpecification =>
  ['match', ['get', 'severity'], 'low', colours['low']!, 'life_safety', colours['life_safety']!, colours['normal']!];
const named = (kind: string, truth = true): ExpressionSpecification =>
  (truth ? ['concat', `${kind}|`, ['get', 'severity'], '|', ['get', 'truth']] : ['concat', `${kind}|`, ['get', 'severity']]);

/** A label in the page's language where the tiles have it. */
function nameIn(language: string): ExpressionSpecification {
  return ['coalesce', ['get', `name_${language}`], ['get', 'name']];
}

function ground(p: Palette, language: string): LayerSpecification[] {
  const label = (id: string, kind: string, extra: Partial<LayerSpecification> & { minzoom?: number; maxzoom?: number }, size: ExpressionSpecification | number, quiet = false): LayerSpecification => ({
    id, type: 'symbol', source: 'world', 'source-layer': 'place', filter: ['==', ['get', 'kind'], kind],
    layout: {
      'text-field': nameIn(language), 'text-font': font, 'text-size': size, 'text-max-width': 7, 'text-padding': 6,
      'symbol-sort-key': ['get', 'rank'],
      ...(kind === 'city' ? { 'text-variable-anchor': ['bottom', 'top', 'left', 'right'], 'text-radial-offset': 0.4 } : {}),
      ...(kind === 'country' ? { 'text-letter-spacing': 0.08 } : {}),
    },
    paint: { 'text-color': quiet ? p.labelQuiet : p.label, 'text-halo-color': p.halo, 'text-halo-width': 1.4 },
    ...extra,
  } as LayerSpecification);
  return [
    { id: 'sea', type: 'background', paint: { 'background-color': p.water } },
    { id: 'land', type: 'fill', source: 'world', 'source-layer': 'land', paint: { 'fill-color': p.land } },
    { id: 'lake', type: 'fill', source: 'world', 'source-layer': 'water', filter: ['==', ['get', 'kind'], 'lake'], paint: { 'fill-color': p.lake } },
    { id: 'river', type: 'line', source: 'world', 'source-layer': 'water', filter: ['==', ['get', 'kind'], 'river'], paint: { 'line-color': p.lake, 'line-width': ['interpolate', ['linear'], ['zoom'], 2, 0.6, 8, 2.5] } },
    { id: 'graticule', type: 'line', source: 'graticule', paint: { 'line-color': p.grid, 'line-width': 1 } },
    { id: 'shore', type: 'line', source: 'world', 'source-layer': 'land', paint: { 'line-color': p.line, 'line-width': 0.7 } },
    { id: 'region', type: 'line', source: 'world', 'source-layer': 'boundary', filter: ['==', ['get', 'kind'], 'region'], paint: { 'line-color': p.line, 'line-width': 0.9, 'line-dasharray': [3, 2] } },
    { id: 'border', type: 'line', source: 'world', 'source-layer': 'boundary', filter: ['==', ['get', 'kind'], 'country'], paint: { 'line-color': p.lineStrong, 'line-width': ['interpolate', ['linear'], ['zoom'], 0, 0.5, 8, 1.4] } },
    label('region-name', 'region', { minzoom: 5 }, 11, true),
    label('city-name', 'city', {}, ['interpolate', ['linear'], ['zoom'], 4, 11, 10, 14]),
    label('country-name', 'country', { maxzoom: 8 }, ['interpolate', ['linear'], ['zoom'], 1, 10.5, 6, 15]),
  ];
}

function data(p: Palette): LayerSpecification[] {
  const edge = bySeverity(p.edge), fill = bySeverity(p.fill);
  const areas: ExpressionSpecification = ['==', ['geometry-type'], 'Polygon'];
  const dots: ExpressionSpecification = ['==', ['geometry-type'], 'Point'];
  const sure: ExpressionSpecification = ['==', ['get', 'truth'], 'verified'];
  const weight: ExpressionSpecification = ['-', 10, ['get', 'rank']];
  return [
    { id: 'halo', type: 'line', source: 'hulls', layout: { 'line-join': 'round' }, paint: { 'line-color': edge, 'line-width': ['interpolate', ['linear'], ['zoom'], 8, 2, 11, 6, 13, 24], 'line-blur': ['interpolate', ['linear'], ['zoom'], 8, 1, 11, 5, 13, 20], 'line-opacity': 0.38 } },
    { id: 'breath', type: 'line', source: 'hulls', filter: ['==', ['get', 'id'], ''], paint: { 'line-color': edge, 'line-width': 34, 'line-blur': 24, 'line-opacity': 0, 'line-opacity-transition': { duration: 900, delay: 0 } } },
    { id: 'hull', type: 'fill', source: 'hulls', paint: { 'fill-color': fill, 'fill-opacity': ['match', ['get', 'status'], 'fading', 0.08, 0.17] } },
    { id: 'hull-edge', type: 'line', source: 'hulls', filter: ['!=', ['get', 'status'], 'fading'], paint: { 'line-color': edge, 'line-width': 2 } },
    { id: 'hull-edge-fading', type: 'line', source: 'hulls', filter: ['==', ['get', 'status'], 'fading'], paint: { 'line-color': edge, 'line-width': 1.6, 'line-dasharray': [3, 2] } },
    { id: 'cell', type: 'fill', source: 'cells', filter: ['all', areas, sure], paint: { 'fill-color': fill, 'fill-opacity': 0.3 } },
    { id: 'cell-hatch', type: 'fill', source: 'cells', filter: ['all', areas, ['!', sure]], paint: { 'fill-pattern': named('hatch', false), 'fill-opacity': 0.5 } },
    { id: 'cell-edge', type: 'line', source: 'cells', filter: areas, paint: { 'line-color': edge, 'line-width': 1.4 } },
    { id: 'circle', type: 'fill', source: 'circles', paint: { 'fill-color': edge, 'fill-opacity': 0.07 } },
    { id: 'circle-edge', type: 'line', source: 'circles', paint: { 'line-color': edge, 'line-width': 1, 'line-dasharray': [2, 2], 'line-opacity': 0.8 } },
    { id: 'draft-area', type: 'fill', source: 'draft', filter: areas, paint: { 'fill-color': p.ink, 'fill-opacity': 0.08 } },
    { id: 'draft-edge', type: 'line', source: 'draft', filter: areas, paint: { 'line-color': p.ink, 'line-width': 1.5, 'line-dasharray': [2, 1] } },
    { id: 'draft-point', type: 'circle', source: 'draft', filter: dots, paint: { 'circle-radius': 7, 'circle-color': p.ink, 'circle-stroke-color': p.surface, 'circle-stroke-width': 2.5 } },
    {
      id: 'draft-name', type: 'symbol', source: 'draft', filter: dots,
      layout: { 'text-field': ['get', 'label'], 'text-font': strong, 'text-size': 12, 'text-offset': [0, -1.3], 'text-anchor': 'bottom', 'text-allow-overlap': true },
      paint: { 'text-color': p.ink, 'text-halo-color': p.halo, 'text-halo-width': 2 },
    },
    { id: 'cluster', type: 'circle', source: 'clusters', paint: { 'circle-color': p.cluster, 'circle-stroke-color': p.clusterEdge, 'circle-stroke-width': 1.5, 'circle-radius': ['interpolate', ['linear'], ['log10', ['get', 'count']], 0, 11, 1, 14, 2, 18, 3, 23, 5, 32] } },
    {
      id: 'cluster-count', type: 'symbol', source: 'clusters',
      layout: { 'text-field': ['number-format', ['get', 'count'], { locale: 'en' }], 'text-font': strong, 'text-size': 12.5, 'text-allow-overlap': true },
      paint: { 'text-color': p.clusterInk },
    },
    {
      id: 'cell-token', type: 'symbol', source: 'cells', filter: dots,
      layout: { 'icon-image': named('cell'), 'icon-size': 0.82, 'icon-allow-overlap': true, 'symbol-sort-key': weight, 'text-field': ['get', 'label'], 'text-font': strong, 'text-size': 12, 'text-anchor': 'left', 'text-offset': [1, 0], 'text-optional': true },
      paint: { 'text-color': p.ink, 'text-halo-color': p.halo, 'text-halo-width': 2 },
    },
    { id: 'point', type: 'symbol', source: 'points', layout: { 'icon-image': named('mark'), 'icon-size': 0.9, 'icon-allow-overlap': true, 'symbol-sort-key': weight } },
    {
      id: 'crown', type: 'symbol', source: 'crowns',
      layout: {
        'icon-image': named('plate', false), 'icon-text-fit': 'both', 'icon-allow-overlap': true, 'text-allow-overlap': true, 'symbol-sort-key': weight,
        'text-field': ['get', 'label'], 'text-font': strong, 'text-size': 14, 'text-anchor': 'bottom', 'text-offset': [0, -0.85],
      },
      paint: { 'text-color': edge },
    },
  ];
}

export const emptyData: GeoJSON.FeatureCollection = { type: 'FeatureCollection', features: [] };

/** The whole style for a theme and a language. */
export function styleOf(dark: boolean, language: string, tiles: string): StyleSpecification {
  const p = paletteOf(dark);
  const sources: StyleSpecification['sources'] = { world: { type: 'vector', url: `pmtiles://${tiles}` } };
  for (const name of dataSources) sources[name] = { type: 'geojson', data: emptyData };
  return { version: 8, sources, layers: [...ground(p, language), ...data(p)] };
}

/** Layers that answer a tap, the uppermost first. */
export const tappable = ['crown', 'point', 'cell-token', 'cluster', 'cell', 'cell-hatch', 'hull'];
