import { useState } from 'preact/hooks';
import { Dialog } from '../../components/dialog';
import { Icon } from '../../components/icon';
import { faultText } from '../../components/states';
import { complain, say } from '../../components/toast';
import { patch, postNothing } from '../../lib/api';
import { ago, clock, moment, number, t } from '../../lib/i18n';
import type { Channel, ChannelFare, ChannelKind, DeliveryState } from '../../lib/types';
import { channelPath } from './channel-parts';
import type { Fare } from './health';
import { RotateDialog } from './rotate';
import { href } from './route';

const marks: Record<Fare, string> = { broken: 'close', stopped: 'alert', refusing: 'ban', unreached: 'question', aside: 'layers', silent: 'clock', works: 'check', ready: 'inbox', starting: 'refresh', off: 'pause' };

interface Item { channel: Channel; fare: Fare; kind: ChannelKind | undefined; admin: boolean; reload: () => void }

export function ChannelItem({ channel: c, fare, kind, admin, reload }: Item) {
  const [asked, setAsked] = useState<'rotate' | 'off' | null>(null);
  const close = () => setAsked(null);
  const flip = async (enabled: boolean) => {
    close();
    try { await patch(channelPath(c.name), { enabled }); say(t(enabled ? 'channel.on.done' : 'channel.off.done', { name: c.name })); } catch (fault) { complain(faultText(fault)); }
    reload();
  };
  const secrets = c.secrets.length > 0 || kind?.settings.some((s) => s.secret);
  return (
    <li class={`chan chan-${fare}`}>
      <header class="chan-head"><h2 dir="ltr">{c.name}</h2><span class="chan-kind" lang="en">{kind?.title ?? c.kind}</span>
        <State channel={c} fare={fare} /></header>
      {c.health && <Why fare={fare} health={c.health} />}
      {c.health && <Facts health={c.health} sends={kind?.sends ?? false} />}
      <div class="chan-acts">
        {c.enabled && <Tester channel={c} can={kind?.tests ?? true} />}
        {admin && kind && <a class="button button-small" href={href('channels', 'settings', c.name)}><Icon name="settings" />{t('channel.settings')}</a>}
        {admin && secrets && <button type="button" class="button button-small" onClick={() => setAsked('rotate')}><Icon name="key" />{t('channel.rotate')}</button>}
        {c.kind !== 'app' && <a class="button button-small" href={href('channels', 'log', c.name)}><Icon name="history" />{t('channel.log')}</a>}
        {admin && (c.enabled ? <button type="button" class="button button-small" onClick={() => setAsked('off')}><Icon name="pause" />{t('channel.off')}</button>
          : <button type="button" class="button button-small" onClick={() => void flip(true)}><Icon name="play" />{t('channel.on')}</button>)}
      </div>
      {asked === 'rotate' && kind && <RotateDialog channel={c} kind={kind} onClose={close} reload={reload} />}
      {asked === 'off' && <Dialog title={t('channel.off.sure', { name: c.name })} onClose={close}><p>{t(kind?.receives ? 'channel.off.about' : 'channel.off.runs')}</p>
        <div class="form-actions"><button type="button" class="button button-danger" onClick={() => void flip(false)}>{t('channel.off')}</button><button type="button" class="button" onClick={close}>{t('cancel')}</button></div></Dialog>}
    </li>
  );
}

function State({ channel: { health }, fare }: { channel: Channel; fare: Fare }) {
  const since = fare === 'silent' ? health?.last_received : fare === 'stopped' ? health?.problem_at : null;
  return <strong class={`fare fare-${fare}`}><Icon name={marks[fare]} />{t(`fare.${fare}`)}{since && <> <time dateTime={since}>{moment(since)}</time></>}</strong>;
}

/** What is behind a state, in the words of whoever found out. */
function Why({ fare, health: h }: { fare: Fare; health: ChannelFare }) {
  if (fare === 'broken') return <p class="chan-why" lang="en" dir="auto">{h.fault}</p>;
  if (fare === 'stopped') return <p class="chan-why" lang="en" dir="auto">{h.problem}</p>;
  if (fare === 'refusing' || fare === 'unreached' || fare === 'aside') return <p class="chan-why chan-why-mild">{t(`fare.${fare}.about`)}</p>;
  if (h.problem && h.running_since) return <p class="quiet small">{t('fare.again', { time: moment(h.running_since) })} <span lang="en" dir="auto">{h.problem}</span></p>;
  return null;
}

function Facts({ health: h, sends }: { health: ChannelFare; sends: boolean }) {
  const refused = h.refused.reduce((n, r) => n + r.count, 0);
  return <>
    <dl class="chan-facts">
      <div><dt>{t('channel.last')}</dt><dd>{h.last_received ? <><strong>{ago(h.last_received)}</strong><time class="quiet small" dateTime={h.last_received}>{moment(h.last_received)}</time></> : <span class="quiet">{t('channel.never')}</span>}</dd></div>
      <div><dt>{t('channel.received')}</dt><dd><strong>{number(h.received)}</strong></dd></div>
      <div><dt>{t('channel.refused')}</dt><dd><strong class={refused ? 'chan-attention' : ''}>{number(refused)}</strong></dd></div>
      <div><dt>{t('channel.waiting')}</dt><dd><strong class={h.waiting ? 'chan-attention' : ''}>{number(h.waiting)}</strong>{h.oldest && <span class="quiet small">{t('channel.oldest', { ago: ago(h.oldest) })}</span>}</dd></div>
      {sends && <div><dt>{t('channel.sent')}</dt><dd><Sending sending={h.sending} /></dd></div>}
    </dl>
    {h.refused.length > 0 && <details class="fold chan-refused"><summary>{t('channel.reasons', { count: number(h.refused.length) })}</summary>
      <ul>{h.refused.map((r) => <li key={r.direction + r.code}><span>{t(`channel.refused.${r.direction}`)}</span> {r.direction === 'in' ? <a href={`/help/problems#${r.code}`}><code dir="ltr">{r.code}</code></a> : <code dir="ltr">{r.code}</code>} <strong>× {number(r.count)}</strong> <span class="quiet">{t('channel.newest', { ago: ago(r.last) })} ({clock(r.last)})</span></li>)}</ul></details>}
  </>;
}

const states: DeliveryState[] = ['failed', 'stopped', 'queued', 'handed', 'sent', 'delivered', 'read'];

function Sending({ sending }: { sending: ChannelFare['sending'] }) {
  const some = states.filter((s) => sending[s]);
  if (!some.length) return <strong>{number(0)}</strong>;
  return <ul class="chan-sending">{some.map((s) => <li key={s} class={s === 'failed' ? 'chan-attention' : ''}><strong>{number(sending[s] ?? 0)}</strong> {t(`sending.${s}`)}</li>)}</ul>;
}

/** Asks the provider whether the channel's values are good. */
export function Tester({ channel: c, can }: { channel: Pick<Channel, 'name'>; can: boolean }) {
  const [found, setFound] = useState<{ good?: boolean; text: string } | null>(null);
  const [busy, setBusy] = useState(false);
  const ask = async () => {
    if (!can) { setFound({ text: t('channel.test.none') }); return; }
    setBusy(true);
    setFound(null);
    try {
      const { good, detail } = await postNothing<{ good: boolean; detail: string }>(channelPath(c.name, '/test'));
      // Some products can only be tried by a message: nothing is wrong then.
      setFound(/cannot be (asked|tried)/.test(detail) ? { text: t('channel.test.none') } : { good, text: good ? t('channel.test.good') : detail });
    } catch (fault) { setFound({ good: false, text: faultText(fault) }); }
    setBusy(false);
  };
  return <>
    <button type="button" class="button button-small" disabled={busy} onClick={() => void ask()}><Icon name="refresh" />{busy ? t('channel.testing') : t('channel.test')}</button>
    <span class="tested" role="status">{found && <span class={found.good === undefined ? 'quiet' : found.good ? 'tested-good' : 'tested-bad'} dir="auto">{found.good !== undefined && <Icon name={found.good ? 'check' : 'close'} />}{found.text}</span>}</span>
  </>;
}
