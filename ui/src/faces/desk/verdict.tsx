import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Icon } from '../../components/icon';
import { t } from '../../lib/i18n';
import type { IncidentDetail, Verdict } from '../../lib/types';
import { assess, busy, mode, take } from './state';

const main: [Verdict, string, string][] = [['approve', 't', 'check'], ['cannot_determine', 'u', 'question'], ['refute', 'f', 'close']];
const more: Verdict[] = ['doubt', 'needs_info', 'spam', 'harmful'];

/** What information credibility a verdict starts from: 1 confirmed … 6 cannot
 * be judged. A person may change it. */
export function startingCredibility(verdict: Verdict, sources: number): number {
  switch (verdict) {
    case 'approve': return sources >= 3 ? 1 : 2;
    case 'doubt': return 4;
    case 'refute': return 5;
    default: return 6;
  }
}

/** Starts a verdict: claims the card and asks for the reason. */
export async function begin(verdict: Verdict): Promise<void> {
  if (await take()) mode.value = { verdict };
}

export function Verdicts({ card }: { card: IncidentDetail }) {
  const current = typeof mode.value === 'object' ? mode.value.verdict : null;
  if (current) return <VerdictForm key={`${card.id}-${current}`} card={card} verdict={current} />;
  return (
    <footer class="verdicts">
      {main.map(([verdict, key, icon]) => <button key={verdict} type="button" class={`button verdict verdict-${verdict}`} disabled={card.mine || busy.value} onClick={() => void begin(verdict)}><Icon name={icon} />{t(`desk.verdict.${verdict}`)} <kbd>{key}</kbd></button>)}
      <label class="verdict-more"><span class="sr">{t('desk.verdict.more')}</span><select value="" disabled={card.mine} onChange={(e) => { const v = e.currentTarget.value as Verdict | ''; e.currentTarget.value = ''; if (v) void begin(v); }}><option value="">{t('desk.verdict.more')}</option>{more.map((v) => <option key={v} value={v}>{t(`verdict.${v}`)}</option>)}</select></label>
    </footer>
  );
}

function VerdictForm({ card, verdict }: { card: IncidentDetail; verdict: Verdict }) {
  const [reason, setReason] = useState(() => t(`reason.${verdict}`, { n: card.independent_sources }));
  const [credibility, setCredibility] = useState(startingCredibility(verdict, card.independent_sources));
  const [reliability, setReliability] = useState(card.reports.find((r) => r.source)?.source?.reliability || 'F');
  const [link, setLink] = useState('');
  const box = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => { box.current?.focus(); box.current?.select(); }, []);
  const send = () => {
    if (!reason.trim() || busy.value) return;
    void assess({ verdict, credibility, reliability, reason: reason.trim(), evidence: link.trim() ? [{ kind: 'link', url: link.trim(), note: '' }] : [] });
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'Escape') { event.stopPropagation(); mode.value = 'read'; }
    if (event.key === 'Enter' && !event.shiftKey && event.target === box.current) { event.preventDefault(); send(); }
  };
  return (
    <footer class={`verdict-form verdict-form-${verdict}`} onKeyDown={onKey}>
      <h3>{t(`verdict.${verdict}`)}</h3>
      <label class="field"><span class="field-label">{t('desk.reason')}</span><textarea ref={box} rows={2} maxLength={2000} dir="auto" value={reason} onInput={(e) => setReason(e.currentTarget.value)} /></label>
      <div class="verdict-fields">
        <label class="field"><span class="field-label">{t('desk.credibility')}</span><select value={credibility} onChange={(e) => setCredibility(Number(e.currentTarget.value))}>{[1, 2, 3, 4, 5, 6].map((n) => <option key={n} value={n}>{n} · {t(`credibility.${n}`)}</option>)}</select></label>
        <label class="field"><span class="field-label">{t('desk.reliability')}</span><select value={reliability} onChange={(e) => setReliability(e.currentTarget.value)}>{['A', 'B', 'C', 'D', 'E', 'F'].map((l) => <option key={l} value={l}>{l} · {t(`reliability.${l}`)}</option>)}</select></label>
        <label class="field"><span class="field-label">{t('desk.evidence')} <span class="optional">{t('optional')}</span></span><input type="url" value={link} placeholder="https://" dir="ltr" onInput={(e) => setLink(e.currentTarget.value)} /></label>
      </div>
      {card.severity === 'life_safety' && verdict === 'approve' && <p class="quiet small">{t('desk.lifesafety')}</p>}
      <div class="form-actions"><button type="button" class="button button-primary" disabled={!reason.trim() || busy.value} onClick={send}>{t('desk.decide')} <kbd>↵</kbd></button><button type="button" class="button" onClick={() => { mode.value = 'read'; }}>{t('cancel')} <kbd>Esc</kbd></button></div>
    </footer>
  );
}
