import { useEffect, useRef } from 'preact/hooks';
import { t } from '../lib/i18n';
import { dark } from '../lib/theme';
import type { Box } from '../lib/types';
import type { MapView } from '../faces/map/view';
import { Icon } from './icon';

/** The area of a deployment: move the map until it shows it, then take it. */
export function AreaPicker({ area, onChange }: { area: Box | null; onChange: (area: Box) => void }) {
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<MapView | null>(null);
  useEffect(() => {
    let closed = false;
    void import('../faces/map/view').then(({ MapView }) => {
      if (closed || !box.current) return;
      view.current = new MapView({ container: box.current, dark: dark.value, start: { box: area }, padding: { top: 20, bottom: 20, left: 20, right: 20 } });
      paint(view.current, area);
    });
    return () => { closed = true; view.current?.close(); };
  }, []);
  useEffect(() => { if (view.current) paint(view.current, area); }, [area]);
  const take = () => {
    const bounds = view.current?.map.getBounds();
    if (!bounds) return;
    const fold = (lon: number) => ((lon + 180) % 360 + 360) % 360 - 180;
    const round = (n: number) => Math.round(n * 1e4) / 1e4;
    onChange([round(fold(bounds.getWest())), round(bounds.getSouth()), round(fold(bounds.getEast())), round(bounds.getNorth())]);
  };
  return (
    <div class="area">
      <div class="area-map" ref={box} />
      <div class="form-actions"><button type="button" class="button" onClick={take}><Icon name="pin" />{t('area.take')}</button>
        {area && <span class="quiet small" dir="ltr">{area.join(', ')}</span>}</div>
    </div>
  );
}

function paint(view: MapView, area: Box | null) {
  if (!area) return;
  const [west, south, e, north] = area;
  const east = e < west ? e + 360 : e;
  view.show('draft', [{ type: 'Feature', properties: {}, geometry: { type: 'Polygon', coordinates: [[[west, south], [east, south], [east, north], [west, north], [west, south]]] } }]);
}
