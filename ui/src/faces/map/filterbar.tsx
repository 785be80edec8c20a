import { Icon } from '../../components/icon';
import { deployment } from '../../lib/deployment';
import { clock, day, pick, t } from '../../lib/i18n';
import { anyFilter, clearFilters, filters } from './filters';

export function FilterBar({ ops }: { ops: boolean }) {
  const f = filters.value;
  const all = (deployment.value?.categories ?? []).filter((c) => c.enabled);
  const toggle = (key: string) => {
    filters.value = { ...f, categories: f.categories.includes(key) ? f.categories.filter((k) => k !== key) : [...f.categories, key] };
  };
  return (
    <div class="filterbar">
      <details class="menu filter-menu">
        <summary class="button button-small" aria-pressed={f.categories.length > 0}><Icon name="filter" />{f.categories.length ? t('filter.kinds', { n: f.categories.length }) : t('filter.kind')}</summary>
        <div class="menu-list filter-list">{all.map((c) => (
          <label key={c.key} class={c.parent ? 'filter-choice filter-child' : 'filter-choice'}><input type="checkbox" checked={f.categories.includes(c.key)} onChange={() => toggle(c.key)} /><Icon name={c.icon} />{pick(c.labels, c.key)}</label>
        ))}</div>
      </details>
      <button type="button" class="button button-small" aria-pressed={f.truth === 'verified'} onClick={() => { filters.value = { ...f, truth: f.truth === 'verified' ? 'all' : 'verified' }; }}>{ops ? t('filter.verified.ops') : t('filter.verified')}</button>
      <button type="button" class="button button-small" aria-pressed={f.phase === 'all'} onClick={() => { filters.value = { ...f, phase: f.phase === 'all' ? 'ongoing' : 'all' }; }}>{t('filter.over')}</button>
      {(f.since !== null || f.until !== null) && <span class="badge">{f.since !== null && `${day(f.since)} ${clock(f.since)}`} – {f.until !== null && `${day(f.until)} ${clock(f.until)}`}</span>}
      {anyFilter() && <button type="button" class="button button-quiet button-small" onClick={clearFilters}><Icon name="close" />{t('filter.clear')}</button>}
    </div>
  );
}
