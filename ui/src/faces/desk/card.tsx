import { useState } from 'preact/hooks';
import { Mark, SeverityBadge, StatusBadge, truthOf } from '../../components/marks';
import { Empty, Fault, Skeleton } from '../../components/states';
import { Icon } from '../../components/icon';
import { categoryLabel, me } from '../../lib/deployment';
import { ago, clock, languageName, metres, moment, t } from '../../lib/i18n';
import type { IncidentDetail, Report, Status } from '../../lib/types';
import { Avatar } from './avatar';
import { CategoryEditor, SummaryEditor } from './editors';
import { highlight } from './highlight';
import { Suggestions } from './suggestions';
import { Verdicts } from './verdict';
import { Quoted } from './thread';
import { card, cardFault, chosenId, claim, held, loadCard, loaded, mode, rows, split, step, take, togglePhase } from './state';

export function CardColumn() {
  const found = card.value;
  return (
    <section class="column column-card" aria-label={t('desk.card')}>
      {found ? <Card key={found.id} card={found} />
        : cardFault.value ? <div class="panel-pad"><Fault fault={cardFault.value} retry={() => void loadCard()} /></div>
          : chosenId.value ? <div class="panel-pad"><Skeleton lines={6} /></div>
            : loaded.value && !rows.value.length ? <Empty title={t('desk.done')}><p>{t('desk.empty.about')}</p></Empty>
              : <Empty title={t('desk.pick')}><p><kbd>j</kbd> <kbd>k</kbd> {t('desk.pick.move')} · <kbd>Enter</kbd> {t('desk.pick.claim')}</p></Empty>}
    </section>
  );
}

function Card({ card: c }: { card: IncidentDetail }) {
  const others = c.presence.filter((p) => p.id !== me.value?.id);
  return <>
    <div class="card-scroll">
      <header class="card-head">
        <div class="card-line"><Mark severity={c.severity} truth={truthOf(c.status)} size={26} />
          <h2 dir="auto">{c.title || t('incident.uncategorised')}</h2>
          <span class="card-people">{others.map((p) => <Avatar key={p.id} person={p} here />)}</span></div>
        <p class="badges"><SeverityBadge severity={c.severity} /><StatusBadge status={c.status} />{c.phase === 'over' && <span class="badge">{t('phase.over')}</span>}
          {c.categories.map((k) => <span key={k} class="badge">{categoryLabel(k)}</span>)}
          <button type="button" class="button button-quiet button-tiny" onClick={() => { mode.value = 'categories'; }}>{t('desk.kinds')} <kbd>e</kbd></button>
          <button type="button" class="button button-quiet button-tiny" onClick={() => togglePhase()}>{c.phase === 'over' ? t('desk.ongoing') : t('desk.over')} <kbd>o</kbd></button></p>
        {c.why_now && <p class="quiet small" dir="auto">{c.why_now}</p>}
        <ClaimLine card={c} />
      </header>
      {mode.value === 'categories' && <CategoryEditor card={c} />}
      <dl class="facts card-facts">
        <dt>{t('incident.when')}</dt><dd>{moment(c.occurred_at ?? c.first_received_at)} <span class="quiet">({ago(c.occurred_at ?? c.first_received_at)})</span></dd>
        <dt>{t('incident.where')}</dt><dd>{c.location ? <><bdi>{c.location.name}</bdi> <span class="quiet">± {metres(c.location.uncertainty_m)}</span></> : <span class="needs needs-location">{t('needs.location')}</span>} <button type="button" class="button button-quiet button-tiny" onClick={() => { mode.value = 'locate'; }}>{t('desk.locate')} <kbd>l</kbd></button></dd>
        <dt>{t('figure.sources')}</dt><dd>{t('desk.sources', { n: c.independent_sources })} · {t('desk.reports', { n: c.report_count })}</dd>
      </dl>
      <Reports card={c} />
      <Suggestions card={c} />
      <Summary card={c} />
      {c.assessments.length > 0 && <Made card={c} />}
    </div>
    <Verdicts card={c} />
  </>;
}

/** Statuses that still wait for somebody's decision. */
const stillOpen: Status[] = ['received', 'triaged', 'in_review', 'needs_info', 'probable'];

function ClaimLine({ card: c }: { card: IncidentDetail }) {
  if (held.value) return <p class="claimline claimline-mine"><Icon name="check" />{t('desk.claim.mine', { time: clock(claim.value!.expires_at) })}</p>;
  if (c.claim && !c.claim.mine) return <p class="claimline"><Avatar person={c.claim.person} />{t('desk.claim.held', { name: c.claim.person.name, time: clock(c.claim.expires_at) })}</p>;
  if (!stillOpen.includes(c.status)) return <p class="claimline">{t('desk.decided')} <button type="button" class="button button-small" onClick={() => step(1)}>{t('desk.next')} <kbd>j</kbd></button></p>;
  if (c.mine) return <p class="claimline">{t('desk.mine')}</p>;
  return <p class="claimline"><button type="button" class="button button-small" onClick={() => void take()}>{t('desk.claim')} <kbd>Enter</kbd></button></p>;
}

function Reports({ card: c }: { card: IncidentDetail }) {
  const [ticked, setTicked] = useState<string[]>([]);
  const many = c.reports.length > 1;
  return (
    <section class="card-part"><h3>{t('desk.reports', { n: c.reports.length })}</h3>
      {c.reports.map((r) => <ReportText key={r.id} report={r} card={c} {...(many ? { ticked: ticked.includes(r.id), onTick: () => setTicked(ticked.includes(r.id) ? ticked.filter((x) => x !== r.id) : [...ticked, r.id]) } : {})} />)}
      {many && ticked.length > 0 && ticked.length < c.reports.length && <button type="button" class="button button-small" onClick={() => { void split(ticked); setTicked([]); }}><Icon name="split" />{t('desk.split.do', { n: ticked.length })}</button>}
    </section>
  );
}

function ReportText({ report: r, card: c, ticked, onTick }: { report: Report; card: IncidentDetail; ticked?: boolean; onTick?: () => void }) {
  const words = c.suggestions.flatMap((s) => s.words.filter((w) => w.report === r.id).map((w) => ({ text: w.text, why: s.why })));
  return (
    <article class="report">
      <header class="report-head">
        {onTick && <input type="checkbox" checked={ticked ?? false} onChange={onTick} aria-label={t('desk.split.pick')} />}
        <strong>{r.source?.pseudonym ?? r.submitted_by?.name ?? t('desk.unknown')}</strong>
        {r.source && <span class="badge" title={t(`reliability.${r.source.reliability}`)}>{r.source.reliability}</span>}
        <span class="quiet">{r.channel}</span>{r.language && <span class="quiet">{languageName(r.language)}</span>}
        <time class="quiet" dateTime={r.received_at}>{moment(r.received_at)}</time>
        {r.version > 1 && <span class="badge">{t('desk.version', { n: r.version })}</span>}
        {r.withdrawn && <span class="badge">{t('desk.withdrawn')}</span>}
      </header>
      <p class="report-text" dir="auto" lang={r.language || undefined}>{highlight(r.text, words).map((p, i) => (p.why ? <mark key={i} title={p.why}>{p.text}</mark> : p.text))}</p>
      {r.quoted && <Quoted text={r.quoted} />}
      {r.checks && <Checked checks={r.checks} />}
      {r.where && <p class="report-where" dir="auto"><Icon name="pin" />{r.where}</p>}
      {r.submitted_by && <p class="quiet small">{t('desk.enteredby', { name: r.submitted_by.name })}</p>}
      {r.media.length > 0 && <ul class="media">{r.media.map((m) => <li key={m.id}>{m.state === 'stored' && m.url && m.content_type.startsWith('image/') ? <a href={m.url} target="_blank" rel="noreferrer"><img src={m.url} alt={t('desk.photo')} loading="lazy" /></a> : <span class="media-state"><Icon name="image" />{t(`media.${m.state}`)}</span>}</li>)}</ul>}
    </article>
  );
}

const dmarc = ['pass', 'fail', 'none'];

/** What is known of the sender, and no more than that. */
function Checked({ checks }: { checks: Record<string, string> }) {
  const rest = ['dkim', 'spf'].filter((key) => checks[key]).map((key) => `${key.toUpperCase()} ${checks[key]}`);
  const found = checks['dmarc'];
  return <>
    {(found || rest.length > 0) && <p class={`checked ${found === 'fail' ? 'checked-bad' : ''}`}><Icon name={found === 'fail' ? 'alert' : 'mail'} /><span>{found && t(`checks.dmarc.${dmarc.includes(found) ? found : 'unknown'}`)} {rest.length > 0 && <bdi class="quiet" dir="ltr">{rest.join(', ')}</bdi>}</span></p>}
    {checks['forwarded'] === 'yes' && <p class="checked"><Icon name="share" /><span>{t('checks.forwarded')}</span></p>}
  </>;
}

function Summary({ card: c }: { card: IncidentDetail }) {
  return (
    <section class="card-part"><h3>{t('desk.summary')} <button type="button" class="button button-quiet button-tiny" onClick={() => { mode.value = 'summary'; }}>{t('edit')} <kbd>s</kbd></button></h3>
      {mode.value === 'summary' ? <SummaryEditor card={c} />
        : c.summary ? <p dir="auto">{c.summary}</p> : <p class="quiet">{t('desk.summary.none')}</p>}
    </section>
  );
}

function Made({ card: c }: { card: IncidentDetail }) {
  return (
    <section class="card-part"><h3>{t('desk.checks')}</h3>
      <ul class="checks">{c.assessments.map((a) => <li key={a.id}><Avatar person={a.person} /><span><strong>{t(`verdict.${a.verdict}`)}</strong> <span class="badge">{a.reliability}{a.credibility}</span>{a.on_ground && <span class="quiet"> · {t('desk.onground')}</span>}<br /><span class="quiet" dir="auto">{a.person.name}: {a.reason}</span></span><time class="quiet small">{ago(a.at)}</time></li>)}</ul>
    </section>
  );
}
