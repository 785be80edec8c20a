import { Mark, truthOf } from '../../components/marks';
import { Icon } from '../../components/icon';
import { ago, number, pick, t } from '../../lib/i18n';
import { categoryIcon, categoryLabel } from '../../lib/deployment';
import type { HotspotFeature, IncidentFeature, IncidentProps } from '../../lib/types';

/** What an incident is called: its summary, else its category. */
export function titleOf(p: IncidentProps): string {
  return pick(p.summary, '') || p.categories.map(categoryLabel).join(', ') || t('incident.uncategorised');
}

export const hotspotTitle = (h: HotspotFeature) => h.properties.categories.map(categoryLabel).slice(0, 2).join(', ') || t('hotspot');

export function HotspotRow({ hotspot, onOpen }: { hotspot: HotspotFeature; onOpen: () => void }) {
  const p = hotspot.properties;
  return (
    <li class="row" data-id={p.id} data-severity={p.severity}><button type="button" class="row-link" onClick={onOpen}>
      <span class={`row-icon row-icon-hotspot severity-${p.severity}`}>{number(p.incidents)}</span>
      <span class="row-main">
        <strong class="row-title">{hotspotTitle(hotspot)}</strong>
        {p.place && <span class="row-place">{p.place}</span>}
        <span class="row-facts"><span><Icon name={p.trend} />{t(`trend.${p.trend}`)}</span><span>{t('hotspot.incidents', { n: p.incidents })}</span><span>{ago(p.last_seen)}</span></span>
      </span>
      <span class={`row-severity severity-${p.severity}`}>{t(`severity.${p.severity}`)}</span>
    </button></li>
  );
}

export function IncidentRowItem({ incident, onOpen }: { incident: IncidentFeature; onOpen: () => void }) {
  const p = incident.properties;
  return (
    <li class="row"><button type="button" class="row-link" onClick={onOpen}>
      <span class="row-icon row-icon-mark"><Mark severity={p.severity} truth={truthOf(p.status)} size={22} /></span>
      <span class="row-main">
        <strong class="row-title" dir="auto">{titleOf(p)}</strong>
        <span class="row-place">{[p.place, incident.geometry ? '' : t('incident.noplace')].filter(Boolean).join(' · ')}</span>
        <span class="row-facts"><span>{t(`status.${p.status}`)}</span>{p.independent_sources > 0 && <span>{t('sources.atleast', { n: p.independent_sources })}</span>}<span>{ago(p.occurred_at)}</span></span>
      </span>
      <span class="row-kind"><Icon name={categoryIcon(p.category)} title={categoryLabel(p.category)} /></span>
    </button></li>
  );
}
