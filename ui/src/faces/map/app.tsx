// The map's face: the list and the map, each following the other.
import { render } from 'preact';
import { effect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { Toast } from '../../components/toast';
import { Icon } from '../../components/icon';
import { deployment, loadDeployment } from '../../lib/deployment';
import { loadWords, t } from '../../lib/i18n';
import { startShell } from '../../lib/shell';
import { dark } from '../../lib/theme';
import type { Box } from '../../lib/types';
import { MapData } from './data';
import { filters, readPlace, writeSearch, type Place } from './filters';
import { boxOf } from './geometry';
import { Histogram } from './histogram';
import { Legend } from './legend';
import { draw } from './marks';
import { Panel } from './panel';
import { legendOpen, selected } from './selection';
import { dragSheet, type Stop } from './sheet';
import type { MapView, Tapped } from './view';

export async function startMap(ops: boolean): Promise<void> {
  const embedded = document.body.classList.contains('embedded');
  await loadWords();
  if (!embedded) void startShell(ops);
  const data = new MapData(ops ? '/api/v1/ops/map' : '/api/v1/map', ops);
  const root = document.getElementById('content');
  if (!root) return;
  // The deployment names things; without it the map still stands.
  await loadDeployment().catch(() => null);
  const start = { box: deployment.value?.area ?? null, place: readPlace(location.search) };
  await data.look(start.box ?? [-180, -85, 180, 85], 3);
  root.classList.add('mapface');
  root.replaceChildren();
  data.follow();
  render(<Face data={data} ops={ops} start={start} />, root);
}

function Face({ data, ops, start }: { data: MapData; ops: boolean; start: { box: Box | null; place: Place | null } }) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<MapView | null>(null);
  const show = (kind: 'hotspot' | 'incident', id: string) => reveal(data, view.current, kind, id);
  useEffect(() => {
    let stop = () => { /* nothing yet */ };
    void openView(place.current!, data, start).then((opened) => { view.current = opened; stop = follow(opened, data); });
    return () => { stop(); view.current?.close(); };
  }, []);
  return <>
    <div class="mapface-map" id="map" ref={place} />
    <div class="map-tools">
      <div class="tool-group">
        <button type="button" class="button button-icon" aria-label={t('map.in')} onClick={() => view.current?.zoomBy(1)}><Icon name="plus" /></button>
        <button type="button" class="button button-icon" aria-label={t('map.out')} onClick={() => view.current?.zoomBy(-1)}><Icon name="minus" /></button>
      </div>
      {deployment.value?.area && <button type="button" class="button button-icon" aria-label={t('map.home')} title={t('map.home')} onClick={() => view.current?.fit(deployment.value!.area!)}><Icon name="locate" /></button>}
      <button type="button" class="button" aria-expanded={legendOpen.value} onClick={() => { legendOpen.value = !legendOpen.value; }}><Icon name="layers" /><span class="menu-label">{t('legend.title')}</span></button>
    </div>
    <Sheet><Panel data={data} onShow={show} /></Sheet>
    <Legend ops={ops} />
    <Histogram data={data} />
    <Toast />
  </>;
}

function Sheet({ children }: { children: preact.ComponentChildren }) {
  const panel = useRef<HTMLElement>(null), handle = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const to = (stop: Stop) => { panel.current!.dataset['stop'] = stop; };
    to('half');
    dragSheet(handle.current!, panel.current!, to);
    return effect(() => { if (selected.value && panel.current?.dataset['stop'] === 'peek') to('half'); });
  }, []);
  return (
    <section class="panel" ref={panel} aria-label={t('map.list')}>
      <button type="button" class="sheet-handle" ref={handle} aria-label={t('sheet.size')} />
      {children}
    </section>
  );
}

async function openView(container: HTMLElement, data: MapData, start: { box: Box | null; place: Place | null }): Promise<MapView> {
  const { MapView } = await import('./view');
  const phone = matchMedia('(max-width: 56rem)').matches;
  const side = 420;
  const rtl = document.documentElement.dir === 'rtl';
  const opened: MapView = new MapView({
    container, start, dark: dark.value,
    padding: phone ? { top: 60, bottom: container.clientHeight * 0.5, left: 24, right: 24 } : { top: 60, bottom: 130, left: rtl ? 60 : side, right: rtl ? side : 60 },
    onMove: (box, at) => {
      void data.look(box, at.zoom);
      history.replaceState(history.state, '', location.pathname + writeSearch(location.search, filters.value, at) + location.hash);
    },
    onTap: (hit) => tapped(hit, data, opened),
  });
  return opened;
}

function tapped(hit: Tapped | null, data: MapData, view: MapView): void {
  if (!hit) { selected.value = null; return; }
  if (hit.kind === 'cluster') { view.zoomTo(hit.lon, hit.lat, Math.min(17, Math.max(hit.expansion, view.map.getZoom() + 1.5))); return; }
  if (hit.kind === 'hotspot') { reveal(data, null, 'hotspot', hit.id); return; }
  selected.value = { kind: hit.kind, id: hit.id };
}

/** Opens something in the panel and, asked from there, brings the map to it. */
function reveal(data: MapData, view: MapView | null, kind: 'hotspot' | 'incident', id: string): void {
  selected.value = { kind, id };
  if (!view) return;
  const found = kind === 'hotspot' ? data.hotspots.value.find((h) => h.properties.id === id) : data.incidents.value.find((i) => i.properties.id === id);
  if (!found?.geometry) return;
  const pad = 'cell' in found.properties && found.properties.cell ? found.properties.cell : 0.004;
  const [w, s, e, n] = boxOf(found.geometry);
  view.fit([w - pad, s - pad, e + pad, n + pad], 14);
}

/** Keeps the drawing in step with the data, the theme and the address. */
function follow(view: MapView, data: MapData): () => void {
  const stops = [
    effect(() => {
      const drawing = draw(data.hotspots.value, data.incidents.value, data.clusters.value, data.singly);
      for (const [name, features] of Object.entries(drawing)) view.show(name as keyof typeof drawing, features);
    }),
    effect(() => view.setDark(dark.value)),
    effect(() => { if (data.fresh.value) view.breathe(data.fresh.value); }),
    effect(() => {
      const search = writeSearch(location.search, filters.value, null);
      history.replaceState(history.state, '', location.pathname + search + location.hash);
    }),
  ];
  return () => stops.forEach((stop) => stop());
}
