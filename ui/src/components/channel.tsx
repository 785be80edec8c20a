import { useId, useState } from 'preact/hooks';
import { Problem } from '../lib/api';
import { t } from '../lib/i18n';
import type { ChannelKind, ChannelSetting } from '../lib/types';
import { AnswerFields } from './answers';
import { choicesOf, isFile, isLong, soons, sorted } from './kinds';
import { faultText } from './states';

export interface NewChannel { kind: string; name: string; settings: Record<string, string> }
/** What is wrong, by setting; under '' what names none. */
export type Faults = Record<string, string>;

/** The server names each setting that is wrong on a line of its own. */
export function faultsOf(fault: unknown, kind: ChannelKind): Faults {
  if (!(fault instanceof Problem) || fault.status < 400 || fault.status >= 500 || fault.status === 401) return { '': faultText(fault) };
  const found: Faults = {};
  for (const line of fault.message.split('\n')) {
    const [, key = '', missing, said = ''] = /^([a-z0-9_]+)( is missing)?: (.*)$/.exec(line) ?? [];
    if (!kind.settings.some((s) => s.key === key) && key !== 'public_url') found[''] = found[''] ? `${found['']} ${line}` : line;
    else found[key] = missing ? t('channel.missing') : said;
  }
  return found;
}

/** Choosing a kind and filling in what it needs, in one column. */
export function ChannelFields({ kinds, value, suggest, onChange }: { kinds: ChannelKind[]; value: NewChannel; suggest: boolean; onChange: (v: NewChannel) => void }) {
  const kind = kinds.find((k) => k.name === value.kind);
  const groups = sorted(kinds);
  const choose = (name: string) => onChange({ kind: name, name: suggestName(name, []), settings: {} });
  return (
    <div class="stack">
      <label class="field"><span class="field-label">{t('channel.kind')}</span>
        <select value={value.kind} onChange={(e) => choose(e.currentTarget.value)}><option value="">{t('channel.none')}</option>
          {soons.map((soon) => <optgroup key={soon} label={t(`soon.${soon}`)}>{groups[soon].map((k) => <option key={k.name} value={k.name}>{k.title}</option>)}</optgroup>)}</select></label>
      {kind && <>
        <p class="quiet"><span lang="en" dir="auto">{kind.summary}</span> <a href={kind.help} target="_blank" rel="noreferrer">{t('channel.manual')}</a></p>
        <NameField value={value.name} onChange={(name) => onChange({ ...value, name })} />
        <SettingFields kind={kind} values={value.settings} faults={{}} suggest={suggest} onChange={(settings) => onChange({ ...value, settings })} />
      </>}
    </div>
  );
}

export function NameField({ value, onChange }: { value: string; onChange: (name: string) => void }) {
  const hint = useId();
  return (
    <div class="field"><label><span class="field-label">{t('channel.name')}</span>
      <input value={value} required maxLength={60} pattern="[a-z0-9][a-z0-9\-]*" dir="ltr" autocomplete="off" autocapitalize="none" spellcheck={false} aria-describedby={hint} onInput={(e) => onChange(e.currentTarget.value)} /></label>
      <p class="field-help" id={hint}>{t('channel.name.hint')}</p></div>
  );
}

/** A kind's settings: its own first, what every channel has folded away. Secret
 * ones are left out where `open` says so. */
export function SettingFields({ kind, values, faults, suggest, open, onChange }: {
  kind: ChannelKind; values: Record<string, string>; faults: Faults; suggest: boolean; open?: boolean; onChange: (values: Record<string, string>) => void;
}) {
  const own = kind.settings.filter((s) => !s.host && !(open && s.secret));
  const hosts = kind.settings.filter((s) => s.host);
  const set = (key: string, value: string) => onChange({ ...values, [key]: value });
  const wrong = hosts.some((s) => faults[s.key]) || Boolean(faults['public_url']);
  return <>
    {own.map((s) => <SettingField key={s.key} kind={kind.name} setting={s} value={values[s.key] ?? ''} fault={faults[s.key]} onChange={(v) => set(s.key, v)} />)}
    <details class="fold" open={wrong}><summary>{t('channel.more')}</summary>
      <AnswerFields settings={hosts} values={values} faults={faults} suggest={suggest} receives={kind.receives} onChange={set} /></details>
  </>;
}

/** One setting of a kind; its name is the one that the manual and the command use. */
function SettingField({ kind, setting: s, value, fault, onChange }: { kind: string; setting: ChannelSetting; value: string; fault: string | undefined; onChange: (v: string) => void }) {
  const id = useId();
  const choices = choicesOf(kind, s.key);
  const common = { 'aria-describedby': id, 'aria-invalid': fault ? true : undefined, dir: 'ltr' as const, required: s.required };
  const typed = { ...common, value, autocapitalize: 'none' as const, spellcheck: false, onInput: (e: { currentTarget: HTMLInputElement | HTMLTextAreaElement }) => onChange(e.currentTarget.value) };
  return (
    <div class="field">
      <label><span class="field-label"><code dir="ltr">{s.key}</code> <span class="optional">{s.required ? t('required') : t('optional')}</span></span>
        {choices ? <select {...common} value={value || s.default} onChange={(e) => onChange(e.currentTarget.value)}>{!s.default && <option value="">{t('channel.choose')}</option>}{choices.map((c) => <option key={c} value={c}>{c === s.default ? t('channel.usual', { value: c }) : c}</option>)}</select>
          : isLong(s.key) ? <textarea {...typed} rows={4} class="mono" />
            : s.secret ? <input {...typed} type="password" autocomplete="new-password" />
              : <input {...typed} type="text" autocomplete="off" />}</label>
      <p class="field-help" id={id}>{fault && <strong class="field-fault" lang="en" dir="auto">{fault}</strong>}<span lang="en" dir="auto">{s.help}</span>{isFile(s.key) && <> {t('channel.paste')}</>}{s.default && !choices && <> <span>{t('channel.default', { value: s.default })}</span></>}</p>
    </div>
  );
}

/** A name that is free, after the kind. */
export function suggestName(kind: string, taken: string[]): string {
  const base = kind.split('.').pop() ?? '';
  for (let n = 1; ; n++) {
    const name = n === 1 ? base : `${base}-${n}`;
    if (!taken.includes(name)) return name;
  }
}

/** Only what was filled in goes to the server. */
export function filledIn(channel: NewChannel): NewChannel {
  return { ...channel, settings: Object.fromEntries(Object.entries(channel.settings).filter(([, v]) => v !== '')) };
}

export function useChannel() { return useState<NewChannel>({ kind: '', name: '', settings: {} }); }
