// A slim histogram along the bottom: drag to narrow the time, tap to let go.
import { useRef, useState } from 'preact/hooks';
import { Icon } from '../../components/icon';
import { clock, day, number, t } from '../../lib/i18n';
import type { MapData } from './data';
import { filters } from './filters';

const steps = [60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86_400, 7 * 86_400].map((s) => s * 1000);
const bins = 48;
const fewest = 24;

/** Counts in equal steps that cover all times; whole multiples of the step. */
export function histogram(times: number[], most = bins): { step: number; start: number; counts: number[] } {
  if (!times.length) return { step: 3_600_000, start: 0, counts: [] };
  const min = Math.min(...times), max = Math.max(...times);
  const step = steps.find((s) => (max - min) / s < most - 1) ?? Math.ceil((max - min) / (most - 1) / 86_400_000) * 86_400_000;
  const last = Math.floor(max / step);
  // A short while still gets a row of bars, so that one bar never fills it.
  const start = Math.min(Math.floor(min / step), last - fewest + 1) * step;
  const counts = new Array<number>(Math.floor((max - start) / step) + 1).fill(0);
  for (const at of times) counts[Math.floor((at - start) / step)]!++;
  return { step, start, counts };
}

export function Histogram({ data }: { data: MapData }) {
  const box = useRef<HTMLDivElement>(null);
  const [drag, setDrag] = useState<[number, number] | null>(null);
  const f = filters.value;
  const times = data.incidents.value.map((i) => Date.parse(i.properties.occurred_at)).filter((n) => !Number.isNaN(n));
  const { step, start, counts } = histogram(times);
  if (times.length === 0 && f.since === null) return null;
  const tallest = Math.max(1, ...counts);
  const end = start + step * counts.length;

  const indexAt = (event: PointerEvent) => {
    const rect = box.current!.getBoundingClientRect();
    return Math.min(counts.length - 1, Math.max(0, Math.floor((event.clientX - rect.left) / rect.width * counts.length)));
  };
  const down = (event: PointerEvent) => { box.current!.setPointerCapture(event.pointerId); const i = indexAt(event); setDrag([i, i]); };
  const move = (event: PointerEvent) => { if (drag) setDrag([drag[0], indexAt(event)]); };
  const up = () => {
    if (!drag) return;
    const [from, to] = [Math.min(...drag), Math.max(...drag)];
    setDrag(null);
    if (from !== to) filters.value = { ...f, since: start + from * step, until: start + (to + 1) * step };
  };
  const inside = (i: number) => !drag || (i >= Math.min(...drag) && i <= Math.max(...drag));
  return (
    <section class="histogram" aria-label={t('time.title')}>
      <div class="histogram-ends"><span>{day(start)}, {clock(start)}</span><span class="quiet">{t('time.bars', { n: times.length })}{data.matched.value > times.length ? ` · ${t('time.newest')}` : ''}</span>
        {f.since !== null || f.until !== null
          ? <button type="button" class="button button-small" onClick={() => { filters.value = { ...f, since: null, until: null }; }}><Icon name="play" />{t('time.live')}</button>
          : <span class="histogram-live"><span class="pulse pulse-live" />{t('time.islive')}</span>}</div>
      {/* Charts run left to right in every language. */}
      <div class="histogram-bars" ref={box} dir="ltr" onPointerDown={down} onPointerMove={move} onPointerUp={up}>
        <svg viewBox={`0 0 ${counts.length} 40`} preserveAspectRatio="none" aria-hidden="true">
          {counts.map((n, i) => <rect key={i} class={inside(i) ? 'bar-in' : 'bar-out'} x={i + 0.08} width={0.84} y={40 - Math.max(n ? 2 : 0.6, n / tallest * 38)} height={Math.max(n ? 2 : 0.6, n / tallest * 38)} />)}
        </svg>
      </div>
      <span class="sr">{t('time.range', { from: `${day(start)} ${clock(start)}`, until: `${day(end)} ${clock(end)}`, n: number(times.length) })}</span>
    </section>
  );
}
