import { effect } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon } from '../../components/icon';
import { deployment } from '../../lib/deployment';
import { metres, t } from '../../lib/i18n';
import { dark } from '../../lib/theme';
import type { Candidate, IncidentDetail } from '../../lib/types';
import { circleRing } from '../map/geometry';
import type { MapView } from '../map/view';
import { locate, mode } from './state';

const radii = [50, 200, 1000, 5000, 20_000];
/** How near to look so that the uncertainty still fits the little map. */
const nearness = (metres: number) => Math.max(4, Math.min(15, 14.5 - Math.log2(Math.max(metres, 100) / 150)));

type Spot = Pick<Candidate, 'lon' | 'lat' | 'uncertainty_m'>;

function candidatesOf(card: IncidentDetail): Candidate[] {
  return card.suggestions.filter((s) => s.kind === 'location').map((s) => s.value as Candidate);
}

/** Where the incident is and could be; in locate mode a click sets the place. */
export function LocateMap({ card }: { card: IncidentDetail }) {
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<MapView | null>(null);
  const setting = mode.value === 'locate';
  const settingNow = useRef(setting);
  settingNow.current = setting;
  const [spot, setSpot] = useState<Spot | null>(null);
  const candidates = candidatesOf(card);

  useEffect(() => {
    let closed = false;
    let stop = () => { /* nothing yet */ };
    void import('../map/view').then(({ MapView }) => {
      if (closed || !box.current) return;
      view.current = new MapView({
        container: box.current, dark: dark.value, padding: { top: 40, bottom: 40, left: 40, right: 40 },
        start: card.location ? { place: { lon: card.location.lon, lat: card.location.lat, zoom: nearness(card.location.uncertainty_m) } } : { box: deployment.value?.area ?? null },
        onTap: (_, at) => { if (settingNow.current) setSpot((s) => ({ ...at, uncertainty_m: s?.uncertainty_m ?? 200 })); },
      });
      stop = effect(() => view.current?.setDark(dark.value));
      paint(view.current, card, spot);
    });
    return () => { closed = true; stop(); view.current?.close(); view.current = null; };
  }, []);
  useEffect(() => { if (view.current) paint(view.current, card, spot); }, [card, spot]);
  useEffect(() => {
    setSpot(null);
    const at = card.location ?? candidates[0];
    if (at && view.current) view.current.zoomTo(at.lon, at.lat, nearness(at.uncertainty_m));
  }, [card.id]);

  return (
    <div class="locate">
      {/* MapLibre adds its own class to this element, so ours stays as it is. */}<div class="locate-map" data-setting={setting ? '' : undefined} ref={box} />
      <div class="locate-side">
        {setting && <p class="notice"><Icon name="pin" />{t('desk.locate.how')}</p>}
        {setting && spot && <SpotForm spot={spot} onChange={setSpot} />}
        {candidates.length > 0 && <><h3>{t('desk.candidates')}</h3>
          <ol class="candidates">{candidates.map((c, i) => <li key={i}><button type="button" onClick={() => (setting ? setSpot(c) : view.current?.zoomTo(c.lon, c.lat, nearness(c.uncertainty_m)))}><span class="candidate-number">{i + 1}</span><span><strong><bdi>{c.name}</bdi></strong> <span class="quiet">± {metres(c.uncertainty_m)}</span><br /><span class="quiet small">{c.method}</span></span></button></li>)}</ol></>}
        {!setting && <button type="button" class="button button-small" onClick={() => { mode.value = 'locate'; }}><Icon name="pin" />{t('desk.locate.set')} <kbd>l</kbd></button>}
      </div>
    </div>
  );
}

function SpotForm({ spot, onChange }: { spot: Spot; onChange: (s: Spot) => void }) {
  const [reason, setReason] = useState(t('desk.locate.reason'));
  const options = [...new Set([...radii, Math.round(spot.uncertainty_m)])].sort((a, b) => a - b);
  return (
    <div class="editor">
      <p dir="ltr">{spot.lat.toFixed(5)}, {spot.lon.toFixed(5)}</p>
      <label class="field"><span class="field-label">{t('desk.uncertainty')}</span><select value={Math.round(spot.uncertainty_m)} onChange={(e) => onChange({ ...spot, uncertainty_m: Number(e.currentTarget.value) })}>{options.map((m) => <option key={m} value={m}>± {metres(m)}</option>)}</select></label>
      <label class="field"><span class="field-label">{t('desk.reason')}</span><input value={reason} dir="auto" onInput={(e) => setReason(e.currentTarget.value)} /></label>
      <div class="form-actions"><button type="button" class="button button-primary button-small" disabled={!reason.trim()} onClick={() => void locate(spot, reason.trim())}>{t('save')}</button><button type="button" class="button button-small" onClick={() => { mode.value = 'read'; }}>{t('cancel')}</button></div>
    </div>
  );
}

function paint(view: MapView, card: IncidentDetail, spot: Spot | null): void {
  const features: GeoJSON.Feature[] = [];
  const add = (at: Spot, label: string) => {
    features.push({ type: 'Feature', properties: {}, geometry: { type: 'Polygon', coordinates: [circleRing(at.lon, at.lat, Math.max(at.uncertainty_m, 10))] } });
    features.push({ type: 'Feature', properties: { label }, geometry: { type: 'Point', coordinates: [at.lon, at.lat] } });
  };
  candidatesOf(card).forEach((c, i) => add(c, String(i + 1)));
  view.show('draft', spot ? [...features.filter((f) => f.geometry.type === 'Point'), ...only(spot)] : features);
  view.show('points', card.location ? [{ type: 'Feature', properties: { severity: card.severity, truth: card.status === 'verified' ? 'verified' : card.status === 'probable' ? 'probable' : 'unchecked', rank: 1, kind: 'incident', id: card.id }, geometry: { type: 'Point', coordinates: [card.location.lon, card.location.lat] } }] : []);
  view.show('circles', card.location && card.location.uncertainty_m >= 200 ? [{ type: 'Feature', properties: { severity: card.severity }, geometry: { type: 'Polygon', coordinates: [circleRing(card.location.lon, card.location.lat, card.location.uncertainty_m)] } }] : []);
}

function only(at: Spot): GeoJSON.Feature[] {
  return [
    { type: 'Feature', properties: {}, geometry: { type: 'Polygon', coordinates: [circleRing(at.lon, at.lat, Math.max(at.uncertainty_m, 10))] } },
    { type: 'Feature', properties: { label: t('desk.here') }, geometry: { type: 'Point', coordinates: [at.lon, at.lat] } },
  ];
}
