import { useEffect, useRef, useState } from 'preact/hooks';
import { Mark, truthOf } from '../../components/marks';
import { Empty, Fault, Skeleton } from '../../components/states';
import { Icon } from '../../components/icon';
import { ago, languageName, number, t } from '../../lib/i18n';
import { categoryLabel } from '../../lib/deployment';
import type { IncidentRow } from '../../lib/types';
import { Avatar } from './avatar';
import { BatchDialog } from './batches';
import { batches, choose, chosenId, fault, link, loaded, loadQueue, openCount, rows, search, take, type Batch } from './state';

export function QueueColumn({ onNew, onKeys }: { onNew: () => void; onKeys: () => void }) {
  return (
    <section class="column column-queue" aria-label={t('desk.queue')}>
      <header class="column-head">
        <h1>{t('desk.queue')} <span class="count">{number(openCount.value)}</span></h1>
        <span class={`pulse pulse-${link.value}`} title={t(`desk.link.${link.value}`)} /><span class="sr">{t(`desk.link.${link.value}`)}</span>
        <button type="button" class="button button-small" onClick={onNew}><Icon name="plus" />{t('desk.enter')} <kbd>n</kbd></button>
        <button type="button" class="button button-quiet button-small" aria-label={t('desk.keys')} onClick={onKeys}><kbd>?</kbd></button>
      </header>
      <SearchBox />
      <Imports />
      <Rows />
    </section>
  );
}

function SearchBox() {
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  return (
    <label class="searchbox"><Icon name="search" /><span class="sr">{t('desk.search')}</span>
      <input type="search" id="desk-search" placeholder={t('desk.search')} value={search.value} onInput={(event) => {
        search.value = event.currentTarget.value;
        clearTimeout(timer.current);
        timer.current = setTimeout(() => void loadQueue(), 250);
      }} /></label>
  );
}

function Imports() {
  const [opened, setOpened] = useState<Batch | null>(null);
  if (!batches.value.length) return null;
  return <div class="imports">
    {batches.value.map((b) => (
      <button key={b.id} type="button" class="imports-row" onClick={() => setOpened(b)}><Icon name="inbox" /><span><strong>{b.title}</strong><br /><span class="quiet small">{t('desk.batch.about', { n: b.rows })} · {t('desk.batch.sampled', { n: b.sampled, of: b.sample.length })}</span></span></button>
    ))}
    {opened && <BatchDialog batch={opened} onClose={() => setOpened(null)} />}
  </div>;
}

function Rows() {
  if (!loaded.value) return <div class="panel-pad"><Skeleton lines={6} /></div>;
  if (fault.value) return <div class="panel-pad"><Fault fault={fault.value} retry={() => void loadQueue()} /></div>;
  if (!rows.value.length) {
    return search.value.trim() ? <Empty title={t('desk.search.none')} /> : <Empty title={t('desk.empty')}><p>{t('desk.empty.about')}</p></Empty>;
  }
  return <ul class="queue" aria-label={t('desk.queue')}>{rows.value.map((row) => <Row key={row.id} row={row} current={row.id === chosenId.value} />)}</ul>;
}

/** On the open row Enter takes it, as it does anywhere else at the desk. */
function takeOnEnter(event: KeyboardEvent): void {
  if (event.key !== 'Enter') return;
  event.preventDefault();
  void take();
}

function Row({ row, current }: { row: IncidentRow; current: boolean }) {
  const ref = useRef<HTMLLIElement>(null);
  useEffect(() => { if (current) ref.current?.scrollIntoView({ block: 'nearest' }); }, [current]);
  return (
    <li ref={ref} class="queue-row" aria-current={current ? 'true' : undefined} data-severity={row.severity}>
      <button type="button" onClick={() => choose(row.id)} onKeyDown={current ? takeOnEnter : undefined} tabIndex={current ? 0 : -1}>
        <Mark severity={row.severity} truth={truthOf(row.status)} size={20} />
        <span class="queue-main">
          <strong class="queue-title" dir="auto">{row.title || t('incident.uncategorised')}</strong>
          <span class="queue-facts"><span>{row.categories.map(categoryLabel).join(', ') || t('incident.uncategorised')}</span><span>{row.location?.name ?? t('incident.noplace')}</span></span>
          <span class="queue-facts"><span class={`needs needs-${row.needs}`}>{t(`needs.${row.needs}`)}</span>{row.report_count > 1 && <span>{t('desk.reports', { n: row.report_count })}</span>}{row.languages[0] && <span>{languageName(row.languages[0])}</span>}<time>{ago(row.last_received_at)}</time></span>
        </span>
        {row.claim && !row.claim.mine && <Avatar person={row.claim.person} />}
      </button>
    </li>
  );
}
