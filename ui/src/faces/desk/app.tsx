// The desk: queue, card, context. One card, one decision, one key.
import { render } from 'preact';
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { Dialog } from '../../components/dialog';
import { Toast, undoLast } from '../../components/toast';
import { Fault } from '../../components/states';
import { Problem } from '../../lib/api';
import { loadDeployment } from '../../lib/deployment';
import { loadWords, t } from '../../lib/i18n';
import { bindKeys, type Keys } from '../../lib/keys';
import { startShell } from '../../lib/shell';
import { BehalfDialog } from './behalf';
import { CardColumn } from './card';
import { ContextColumn, contextTab } from './context';
import { QueueColumn } from './queue';
import { card, chosenId, follow, loadBatches, loadQueue, letGo, mergeInto, mode, rows, step, take, togglePhase } from './state';
import { likeliest } from './suggestions';
import { begin } from './verdict';

const dialog = signal<'none' | 'keys' | 'behalf'>('none');

const keys = (): Keys => ({
  j: () => step(1), ArrowDown: () => step(1), k: () => step(-1), ArrowUp: () => step(-1),
  Enter: () => void open(), c: () => void open(),
  t: () => void begin('approve'), u: () => void begin('cannot_determine'), f: () => void begin('refute'), i: () => void begin('needs_info'),
  l: () => { if (card.value) { contextTab.value = 'map'; mode.value = 'locate'; } },
  s: () => { if (card.value) mode.value = 'summary'; },
  o: () => { if (card.value) togglePhase(); },
  e: () => { if (card.value) mode.value = 'categories'; },
  m: () => { const other = card.value && likeliest(card.value); if (other) void mergeInto((other.value as { id: string }).id); },
  r: () => { contextTab.value = 'thread'; requestAnimationFrame(() => document.querySelector<HTMLElement>('.answer textarea')?.focus()); }, h: () => { contextTab.value = 'history'; },
  n: () => { dialog.value = 'behalf'; }, '?': () => { dialog.value = 'keys'; }, z: () => undoLast(),
  '/': () => document.getElementById('desk-search')?.focus(),
  Escape: () => { if (mode.value !== 'read') mode.value = 'read'; else void letGo(); },
});

async function open(): Promise<void> {
  if (!chosenId.value) step(0);
  await take();
}

const described: [string[], string][] = [
  [['j', 'k'], 'move'], [['Enter', 'c'], 'claim'], [['t'], 'true'], [['u'], 'unsure'], [['f'], 'false'], [['i'], 'ask'], [['l'], 'locate'], [['e'], 'kind'], [['o'], 'over'],
  [['s'], 'summary'], [['m'], 'merge'], [['r'], 'thread'], [['h'], 'history'], [['n'], 'enter'], [['/'], 'search'], [['z'], 'undo'], [['Esc'], 'leave'], [['?'], 'help'],
];

function KeysDialog() {
  return (
    <Dialog title={t('desk.keys')} onClose={() => { dialog.value = 'none'; }}>
      <dl class="keys">{described.map(([list, name]) => <div key={name}><dt>{list.map((k) => <kbd key={k}>{k}</kbd>)}</dt><dd>{t(`key.${name}`)}</dd></div>)}</dl>
      <p><a href="/help/desk">{t('desk.manual')}</a></p>
    </Dialog>
  );
}

function Desk() {
  useEffect(() => bindKeys(keys), []);
  const close = () => { dialog.value = 'none'; };
  return <>
    <div class="desk">
      <QueueColumn onNew={() => { dialog.value = 'behalf'; }} onKeys={() => { dialog.value = 'keys'; }} />
      <CardColumn />
      <ContextColumn />
    </div>
    {dialog.value === 'keys' && <KeysDialog />}
    {dialog.value === 'behalf' && <BehalfDialog onClose={close} />}
    <Toast />
  </>;
}

export async function startDesk(): Promise<void> {
  const root = document.getElementById('content')!;
  await loadWords();
  const person = await startShell(true);
  root.replaceChildren();
  if (!person) {
    render(<div class="narrow"><Fault fault={new Problem(401, 'sign_in', '')} /></div>, root);
    return;
  }
  await loadDeployment().catch(() => null);
  await Promise.all([loadQueue(), loadBatches()]);
  if (rows.value[0] && !chosenId.value) step(0);
  follow();
  render(<Desk />, root);
  window.addEventListener('pagehide', () => void letGo());
}
