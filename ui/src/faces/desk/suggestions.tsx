import { Icon } from '../../components/icon';
import { categoryLabel } from '../../lib/deployment';
import { metres, t } from '../../lib/i18n';
import type { Candidate, IncidentDetail, Severity, Suggestion } from '../../lib/types';
import { categorise, locate, mergeInto } from './state';

const icons: Record<Suggestion['kind'], string> = { location: 'pin', category: 'list', incident: 'merge', severity: 'alert' };

/** What the machine suggests, each with its reason in one line; a person takes
 * it or leaves it. */
export function Suggestions({ card }: { card: IncidentDetail }) {
  const open = card.suggestions.filter((s) => !taken(card, s)).slice(0, 6);
  if (!open.length) return null;
  return (
    <section class="card-part"><h3>{t('desk.suggestions')}</h3>
      <ul class="suggestions">{open.map((s, i) => (
        <li key={i}><Icon name={icons[s.kind]} /><span><strong dir="auto">{labelOf(s)}</strong>{extra(s)}<br /><span class="quiet small" dir="auto">{s.why}</span></span>
          <button type="button" class="button button-small" onClick={() => act(card, s)}>{t(`suggest.${s.kind}`)}</button></li>
      ))}</ul>
    </section>
  );
}

function labelOf(s: Suggestion): string {
  if (s.kind === 'category') return categoryLabel(String(s.value));
  if (s.kind === 'severity') return t(`severity.${String(s.value)}`);
  return s.label;
}

function taken(card: IncidentDetail, s: Suggestion): boolean {
  if (s.kind === 'category') return card.categories.includes(String(s.value));
  if (s.kind === 'severity') return card.severity === s.value;
  if (s.kind !== 'location' || !card.location) return false;
  const value = s.value as Candidate;
  return Math.abs(value.lon - card.location.lon) < 1e-6 && Math.abs(value.lat - card.location.lat) < 1e-6;
}

function extra(s: Suggestion) {
  if (s.kind === 'location') return <span class="quiet"> ± {metres((s.value as Candidate).uncertainty_m)}</span>;
  if (s.kind === 'incident') {
    const { distance_m: distance, minutes } = s.value as { distance_m: number | null; minutes: number };
    return <span class="quiet">{distance !== null && ` · ${metres(distance)}`} · {t('desk.minutes', { n: Math.round(minutes) })}</span>;
  }
  return null;
}

function act(card: IncidentDetail, s: Suggestion): void {
  if (s.kind === 'location') void locate(s.value as Candidate, s.why);
  if (s.kind === 'category') void categorise([...card.categories, String(s.value)]);
  if (s.kind === 'severity') void categorise(card.categories, s.value as Severity);
  if (s.kind === 'incident') void mergeInto((s.value as { id: string }).id);
}

/** The best other incident this one may be part of, for the key m. */
export const likeliest = (card: IncidentDetail) =>
  card.suggestions.filter((s) => s.kind === 'incident').sort((a, b) => b.score - a.score)[0];
