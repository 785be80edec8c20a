import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Icon } from '../../components/icon';
import { deployment } from '../../lib/deployment';
import { language, languageName, pick, t } from '../../lib/i18n';
import type { IncidentDetail, Severity } from '../../lib/types';
import { categorise, mode, summarise } from './state';

const cancel = () => { mode.value = 'read'; };
const onEscape = (event: KeyboardEvent) => { if (event.key === 'Escape') { event.stopPropagation(); cancel(); } };

/** Traces of a person or an exact place that a public text must not carry. */
export function risks(text: string): ('phone' | 'email' | 'coordinates' | 'plate')[] {
  const found: ('phone' | 'email' | 'coordinates' | 'plate')[] = [];
  if (/-?\d{1,3}[.,]\d{3,}\s*[,;\s]\s*-?\d{1,3}[.,]\d{3,}/.test(text)) found.push('coordinates');
  else if (/(?:\+|\b0)\d[\d\s().-]{6,}\d/.test(text)) found.push('phone');
  if (/[^\s@]+@[^\s@]+\.[^\s@]+/.test(text)) found.push('email');
  if (/\b[A-Z]{2,3}[ -]?\d{3,4}[ -]?[A-Z]?\b/.test(text)) found.push('plate');
  return found;
}

export function SummaryEditor({ card }: { card: IncidentDetail }) {
  const [text, setText] = useState(card.summary ?? '');
  const [lang, setLang] = useState(language());
  const box = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => box.current?.focus(), []);
  const save = () => { if (text.trim()) void summarise(text.trim(), lang); };
  const warnings = risks(text);
  return (
    <div class="editor" onKeyDown={onEscape}>
      <label class="field"><span class="field-hint">{t('desk.summary.hint')}</span>
        <textarea ref={box} rows={3} maxLength={600} dir="auto" value={text} onInput={(e) => setText(e.currentTarget.value)} onKeyDown={(e) => { if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) save(); }} /></label>
      {warnings.length > 0 && <p class="notice"><Icon name="alert" />{t('desk.summary.risk', { what: warnings.map((w) => t(`risk.${w}`)).join(', ') })}</p>}
      <div class="form-actions"><select aria-label={t('language.choose')} value={lang} onChange={(e) => setLang(e.currentTarget.value)}>{(deployment.value?.languages ?? ['en']).map((l) => <option key={l} value={l}>{languageName(l)}</option>)}</select>
        <button type="button" class="button button-primary button-small" disabled={!text.trim()} onClick={save}>{t('save')} <kbd>Ctrl ↵</kbd></button><button type="button" class="button button-small" onClick={cancel}>{t('cancel')}</button></div>
    </div>
  );
}

export function CategoryEditor({ card }: { card: IncidentDetail }) {
  const [keys, setKeys] = useState(card.categories);
  const [severity, setSeverity] = useState<Severity>(card.severity);
  const all = (deployment.value?.categories ?? []).filter((c) => c.enabled);
  return (
    <div class="editor" onKeyDown={onEscape}>
      <div class="choices">{all.map((c) => (
        <label key={c.key} class="choice"><input type="checkbox" checked={keys.includes(c.key)} onChange={() => setKeys(keys.includes(c.key) ? keys.filter((k) => k !== c.key) : [...keys, c.key])} /><span><Icon name={c.icon} />{pick(c.labels, c.key)}</span></label>
      ))}</div>
      <div class="form-actions"><label>{t('desk.severity')} <select value={severity} onChange={(e) => setSeverity(e.currentTarget.value as Severity)}>{(['low', 'normal', 'life_safety'] as const).map((s) => <option key={s} value={s}>{t(`severity.${s}`)}</option>)}</select></label>
        <button type="button" class="button button-primary button-small" onClick={() => void categorise(keys, severity === card.severity ? undefined : severity)}>{t('save')}</button><button type="button" class="button button-small" onClick={cancel}>{t('cancel')}</button></div>
    </div>
  );
}
