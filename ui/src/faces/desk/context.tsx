import { signal } from '@preact/signals';
import { Empty } from '../../components/states';
import { clock, day, number, t } from '../../lib/i18n';
import type { IncidentDetail } from '../../lib/types';
import { LocateMap } from './locate';
import { card } from './state';
import { Thread } from './thread';

export type ContextTab = 'map' | 'thread' | 'history';
export const contextTab = signal<ContextTab>('map');
const tabs: ContextTab[] = ['map', 'thread', 'history'];

export function ContextColumn() {
  const c = card.value;
  return (
    <section class="column column-context" aria-label={t('desk.context')}>
      <div class="tabs" role="group" aria-label={t('desk.context')}>{tabs.map((name) => (
        <button key={name} type="button" aria-pressed={contextTab.value === name} onClick={() => { contextTab.value = name; }}>{t(`desk.tab.${name}`)}{c && name === 'thread' && c.thread.length > 0 && <span class="count">{number(c.thread.length)}</span>}</button>
      ))}</div>
      {!c ? <Empty title={t('desk.context.none')} />
        : contextTab.value === 'map' ? <LocateMap key="map" card={c} />
          : contextTab.value === 'thread' ? <Thread card={c} /> : <History card={c} />}
    </section>
  );
}

function History({ card: c }: { card: IncidentDetail }) {
  return (
    <ol class="history">{[...c.history].reverse().map((h) => (
      <li key={h.index}><time class="quiet small" dateTime={h.at}>{day(h.at)}<br />{clock(h.at)}</time><span><strong>{t(`action.${h.action}`) === `action.${h.action}` ? h.action : t(`action.${h.action}`)}</strong>{h.actor && <span class="quiet"> · {h.actor}</span>}{h.detail && <><br /><span dir="auto">{h.detail}</span></>}<br /><span class="quiet small">{t('history.entry', { n: h.index })}</span></span></li>
    ))}</ol>
  );
}
