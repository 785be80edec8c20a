// The living map: MapLibre with our style. Loaded after the list is there.
import 'maplibre-gl/dist/maplibre-gl.css';
import { addProtocol, Map as GLMap, ScaleControl, setRTLTextPlugin, setWorkerUrl, type GeoJSONSource, type MapMouseEvent } from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import { Protocol } from 'pmtiles';
import { language, rightToLeft, t } from '../../lib/i18n';
import type { Box } from '../../lib/types';
import { graticule } from './geometry';
import { picture } from './images';
import { dataSources, emptyData, styleOf, tappable, type DataSource } from './style';
import type { Place } from './filters';

export interface Tapped { kind: 'hotspot' | 'incident' | 'cell' | 'cluster'; id: string; lon: number; lat: number; expansion: number }

export interface ViewOptions {
  container: HTMLElement;
  start: { box?: Box | null; place?: Place | null };
  dark: boolean;
  /** Pixels at the edges that panels cover. */
  padding?: { top?: number; bottom?: number; left?: number; right?: number };
  onMove?: (box: Box, place: Place) => void;
  onTap?: (hit: Tapped | null, at: { lon: number; lat: number }) => void;
}

let prepared = false;
function prepare() {
  if (prepared) return;
  prepared = true;
  setWorkerUrl(workerUrl);
  addProtocol('pmtiles', new Protocol().tile);
}

const tiles = () => `${location.origin}/assets/basemap/world.pmtiles`;
const world: Box = [-130, -55, 150, 70];
const calm = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

export class MapView {
  readonly map: GLMap;
  private readonly data = new Map<DataSource, GeoJSON.FeatureCollection>();
  private dark: boolean;
  private labels = rightToLeft() ? 'en' : language();
  private readonly padding: Required<NonNullable<ViewOptions['padding']>>;

  constructor(private readonly options: ViewOptions) {
    prepare();
    this.dark = options.dark;
    this.padding = { top: 40, bottom: 40, left: 40, right: 40, ...options.padding };
    const { box, place } = options.start;
    this.map = new GLMap({
      container: options.container,
      style: styleOf(this.dark, this.labels, tiles()),
      ...(place ? { center: [place.lon, place.lat], zoom: place.zoom } : { bounds: unwrap(box ?? world), fitBoundsOptions: { padding: this.padding, maxZoom: 14 } }),
      attributionControl: false, dragRotate: false, pitchWithRotate: false, touchPitch: false, maxZoom: 19, fadeDuration: calm() ? 0 : 150,
      locale: { 'Map.Title': t('map.label') },
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.addControl(new ScaleControl({ maxWidth: 110 }), scaleCorner());
    this.map.setMissingStyleImageResolver((id) => this.addPicture(id));
    this.map.on('moveend', () => this.moved());
    this.map.on('style.load', () => this.restore());
    this.map.on('click', (event) => this.tapped(event));
    this.map.on('mousemove', (event) => { this.map.getCanvas().style.cursor = options.onTap && this.hit(event) ? 'pointer' : ''; });
    this.map.on('error', () => { /* a tile that does not come leaves a bare ground; the data stands */ });
    if (rightToLeft()) void this.shape();
    queueMicrotask(() => this.moved());
  }

  /** Arabic labels need shaping, which is WebAssembly; where the server's policy
   * does not allow that, Latin ones stay. */
  private async shape() {
    try {
      const policy = (await fetch('/healthz')).headers.get('content-security-policy');
      if (policy && !policy.includes("'wasm-unsafe-eval'")) return;
      await setRTLTextPlugin(`${location.origin}/assets/rtl/rtl-text-0.4.0.mjs`, false);
      this.labels = language();
      this.restyle();
    } catch { /* Latin letters stay */ }
  }

  private addPicture(name: string) {
    if (this.map.hasImage(name)) return;
    const drawn = picture(name, this.dark);
    if (drawn) this.map.addImage(name, drawn[0], drawn[1]);
  }

  show(source: DataSource, features: GeoJSON.Feature[]): void {
    const data: GeoJSON.FeatureCollection = { type: 'FeatureCollection', features };
    this.data.set(source, data);
    (this.map.getSource(source) as GeoJSONSource | undefined)?.setData(data);
  }

  private restore() {
    for (const name of dataSources) {
      (this.map.getSource(name) as GeoJSONSource | undefined)?.setData(this.data.get(name) ?? emptyData);
    }
  }

  setDark(dark: boolean): void {
    if (dark === this.dark) return;
    this.dark = dark;
    this.restyle();
  }

  private restyle() {
    this.map.setStyle(styleOf(this.dark, this.labels, tiles()), { diff: false });
  }

  private moved() {
    const bounds = this.map.getBounds();
    const box: Box = [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()];
    this.show('graticule', graticule(box).lines.map((coordinates) => ({ type: 'Feature', properties: {}, geometry: { type: 'LineString', coordinates } })));
    const centre = this.map.getCenter();
    this.options.onMove?.(box, { lon: centre.lng, lat: centre.lat, zoom: this.map.getZoom() });
  }

  private hit(event: MapMouseEvent): Tapped | null {
    const layers = tappable.filter((layer) => this.map.getLayer(layer));
    const { x, y } = event.point;
    const found = this.map.queryRenderedFeatures([[x - 6, y - 6], [x + 6, y + 6]], { layers });
    const best = found.sort((a, b) => tappable.indexOf(a.layer.id) - tappable.indexOf(b.layer.id))[0];
    if (!best) return null;
    const [lon = event.lngLat.lng, lat = event.lngLat.lat] = best.geometry.type === 'Point' ? best.geometry.coordinates : [];
    return { kind: best.properties['kind'], id: String(best.properties['id'] ?? ''), lon, lat, expansion: Number(best.properties['expansion'] ?? 0) };
  }

  private tapped(event: MapMouseEvent) {
    this.options.onTap?.(this.hit(event), { lon: event.lngLat.lng, lat: event.lngLat.lat });
  }

  /** Moves because somebody asked for it; never by itself. */
  fit(box: Box, maxZoom = 15): void {
    this.map.fitBounds(unwrap(box), { padding: this.padding, maxZoom, animate: !calm(), duration: 500 });
  }

  zoomTo(lon: number, lat: number, zoom: number): void {
    this.map.easeTo({ center: [lon, lat], zoom, animate: !calm(), duration: 400 });
  }

  zoomBy(steps: number): void { this.map.zoomTo(this.map.getZoom() + steps, { animate: !calm(), duration: 250 }); }

  setPadding(padding: NonNullable<ViewOptions['padding']>): void { Object.assign(this.padding, padding); }

  /** The hotspot breathes once. */
  breathe(id: string): void {
    if (calm() || !this.map.getLayer('breath')) return;
    this.map.setFilter('breath', ['==', ['get', 'id'], id]);
    this.map.setPaintProperty('breath', 'line-opacity', 0.75);
    setTimeout(() => { if (this.map.getLayer('breath')) this.map.setPaintProperty('breath', 'line-opacity', 0); }, 900);
  }

  close(): void { this.map.remove(); }
}

/** Where panels leave room for the scale. */
function scaleCorner() {
  const side = rightToLeft() ? 'left' : 'right';
  if (matchMedia('(max-width: 56rem)').matches) return rightToLeft() ? 'top-right' as const : 'top-left' as const;
  return `bottom-${side}` as const;
}

function unwrap([west, south, east, north]: Box): [[number, number], [number, number]] {
  return [[west, south], [east < west ? east + 360 : east, north]];
}
