// The conversation with each source: what came, what was answered, and how far
// each answer got. Nothing is called sent that only waits.
import { signal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { Icon } from '../../components/icon';
import { Empty } from '../../components/states';
import { clock, day, t } from '../../lib/i18n';
import type { IncidentDetail, Report, ThreadRow } from '../../lib/types';
import { risks } from './editors';
import { answer, busy } from './state';

export interface Conversation { key: string; reports: Report[]; rows: ThreadRow[] }

/** The thread by source, in the order in which they first wrote. */
export function conversations(c: Pick<IncidentDetail, 'reports' | 'thread'>): Conversation[] {
  const found = new Map<string, Conversation>();
  const keys = new Map<string, string>();
  for (const report of c.reports) {
    const key = report.source?.id ?? report.id;
    keys.set(report.id, key);
    const one = found.get(key) ?? { key, reports: [], rows: [] };
    one.reports.push(report);
    found.set(key, one);
  }
  for (const row of c.thread) found.get(keys.get(row.report) ?? '')?.rows.push(row);
  return [...found.values()];
}

/** The report that an answer goes to: the newest that can be answered. */
export function answerable(reports: Report[]): Report | undefined {
  return reports.filter((r) => !r.cannot_reply).sort((a, b) => (a.received_at < b.received_at ? 1 : -1))[0];
}

export function Thread({ card }: { card: IncidentDetail }) {
  const all = conversations(card);
  if (!all.length) return <Empty title={t('desk.thread.none')}><p>{t('desk.thread.about')}</p></Empty>;
  return <div class="threads">{all.map((one) => <Talk key={one.key} talk={one} />)}</div>;
}

function Talk({ talk }: { talk: Conversation }) {
  const first = talk.reports[0]!;
  const to = answerable(talk.reports);
  const quoted = new Map(talk.reports.map((r) => [r.id, r.quoted]));
  return (
    <section class="talk">
      <h3><span dir="auto">{first.source?.pseudonym ?? first.submitted_by?.name ?? t('desk.unknown')}</span> <span class="quiet small" dir="ltr">{first.channel}</span></h3>
      <ol class="thread-list">{talk.rows.map((row) => <Said key={row.id} row={row} quoted={row.direction === 'in' ? quoted.get(row.report) ?? '' : ''} />)}</ol>
      {to ? <AnswerBox report={to} /> : <p class="cannot"><Icon name="ban" />{t(`cannot.${first.cannot_reply || 'no_address'}`)}</p>}
    </section>
  );
}

const marks: Record<ThreadRow['state'], string> = { received: 'inbox', queued: 'clock', handed: 'channel', sent: 'check', delivered: 'check-check', read: 'eye', failed: 'alert', stopped: 'ban' };

function Said({ row, quoted }: { row: ThreadRow; quoted: string }) {
  const out = row.direction === 'out';
  return (
    <li class={`said said-${row.direction}`}>
      <p class="said-text" dir="auto">{withoutCode(row.text)}</p>
      {quoted && <Quoted text={quoted} />}
      <p class="said-facts quiet small">{out && <span><bdi>{row.kind === 'reply' || !row.kind ? row.by : t(`thread.${row.kind}`)}</bdi></span>}<time dateTime={row.at}>{day(row.at)}, {clock(row.at)}</time></p>
      {out && <p class={`said-state said-state-${row.state}`} role="status"><Icon name={marks[row.state]} />{stateText(row)}{row.state_at && row.state !== 'queued' && <> <time class="quiet" dateTime={row.state_at}>{clock(row.state_at)}</time></>}</p>}
    </li>
  );
}

/** How far a message got, with the code where something went wrong. */
export function stateText(row: Pick<ThreadRow, 'state' | 'code'>): string {
  if (row.code && row.state === 'queued') return t('thread.state.again', { code: row.code });
  const words = t(`thread.state.${row.state}`);
  return row.code ? `${words}: ${row.code}` : words;
}

/** A report card opens once, for whoever got it: its code is not for the desk. */
const withoutCode = (text: string) => text.replace(/(\/card#)\S+/g, '$1…');

export function Quoted({ text }: { text: string }) {
  return <details class="quoted"><summary>{t('desk.quoted')}</summary><blockquote dir="auto">{text}</blockquote></details>;
}

/** What is being written, by report: it outlives a look at another card. */
const drafts = signal<Record<string, string>>({});

function AnswerBox({ report }: { report: Report }) {
  const hint = useId();
  const text = drafts.value[report.id] ?? '';
  const write = (value: string) => { drafts.value = { ...drafts.value, [report.id]: value }; };
  const send = async () => {
    if (text.trim() && await answer(report.id, text.trim())) write('');
  };
  const warnings = risks(text);
  return (
    <form class="answer" onSubmit={(e) => { e.preventDefault(); void send(); }}>
      <label class="field"><span class="field-label">{t('thread.answer')}</span>
        <textarea rows={3} maxLength={2000} dir="auto" value={text} aria-describedby={hint} onInput={(e) => write(e.currentTarget.value)} onKeyDown={(e) => {
          if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) { e.preventDefault(); void send(); }
          if (e.key === 'Escape') { e.stopPropagation(); e.currentTarget.blur(); }
        }} /></label>
      <p class="field-help" id={hint}>{t('thread.answer.hint')}</p>
      {warnings.length > 0 && <p class="notice"><Icon name="alert" /><span>{t('desk.summary.risk', { what: warnings.map((w) => t(`risk.${w}`)).join(', ') })}</span></p>}
      <button type="submit" class="button button-primary button-small" disabled={!text.trim() || busy.value}><Icon name="send" class="icon-flip" />{t('thread.send')} <kbd>Ctrl ↵</kbd></button>
    </form>
  );
}
