// How old the map is: live, or unmistakably not.
import { deployment } from '../../lib/deployment';
import { ago, clock, now, t } from '../../lib/i18n';
import type { MapData } from './data';

export type Fresh = 'live' | 'waiting' | 'lost' | 'stale';

/** Stale: no batch for longer than the deployment says, or no word from the
 * server for two minutes. */
export function freshness(at: number, batchAt: number, heard: number, link: 'connecting' | 'live' | 'lost', staleAfter: number): Fresh {
  if (batchAt > 0 && at - batchAt > staleAfter * 1000) return 'stale';
  if (link === 'lost') return at - heard > 120_000 ? 'stale' : 'lost';
  return link === 'live' ? 'live' : 'waiting';
}

export function Freshness({ data }: { data: MapData }) {
  const batchAt = data.batchAt.value;
  const link = data.live?.link.value ?? 'connecting';
  const state = freshness(now.value, batchAt, data.live?.heard.value ?? 0, link, deployment.value?.stale_after_s ?? 900);
  const updated = batchAt ? t('map.updated', { time: clock(batchAt) }) : t('map.notyet');
  if (state === 'stale' || state === 'lost') {
    return <p class={`stale stale-${state}`} role="status"><strong>{t(`fresh.${state}`)}</strong> {batchAt > 0 && t('fresh.asof', { time: clock(batchAt), ago: ago(batchAt) })}</p>;
  }
  return <p class="panel-fresh" role="status"><span class={`pulse pulse-${state}`} />{updated} · {t(`fresh.${state}`)}</p>;
}
