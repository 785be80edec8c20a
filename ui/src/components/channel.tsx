import { useState } from 'preact/hooks';
import { t } from '../lib/i18n';
import type { ChannelKind } from '../lib/types';

export interface NewChannel { kind: string; name: string; settings: Record<string, string> }

/** A channel's settings follow from its kind; nothing here knows a provider. */
export function ChannelFields({ kinds, value, onChange }: { kinds: ChannelKind[]; value: NewChannel; onChange: (v: NewChannel) => void }) {
  const kind = kinds.find((k) => k.name === value.kind);
  return (
    <div class="stack">
      <label class="field"><span class="field-label">{t('channel.kind')}</span>
        <select value={value.kind} onChange={(e) => onChange({ ...value, kind: e.currentTarget.value, settings: {} })}><option value="">{t('channel.none')}</option>{kinds.map((k) => <option key={k.name} value={k.name}>{k.title}</option>)}</select></label>
      {kind && <>
        <p class="quiet" lang="en" dir="auto">{kind.summary}</p>
        <label class="field"><span class="field-label">{t('channel.name')}</span><span class="field-hint">{t('channel.name.hint')}</span><input value={value.name} pattern="[a-z0-9\-]+" dir="ltr" onInput={(e) => onChange({ ...value, name: e.currentTarget.value })} /></label>
        {kind.settings.map((s) => (
          <label key={s.key} class="field"><span class="field-label" dir="ltr">{s.key}{!s.required && <span class="optional"> {t('optional')}</span>}</span><span class="field-hint" lang="en" dir="auto">{s.help}</span>
            <Setting secret={s.secret} usual={s.default} value={value.settings[s.key] ?? ''} onChange={(v) => onChange({ ...value, settings: { ...value.settings, [s.key]: v } })} /></label>
        ))}
      </>}
    </div>
  );
}

function Setting({ secret, usual, value, onChange }: { secret: boolean; usual: string; value: string; onChange: (v: string) => void }) {
  const common = { autocomplete: 'off', placeholder: usual, dir: 'ltr' as const, value, onInput: (e: { currentTarget: HTMLInputElement }) => onChange(e.currentTarget.value) };
  return secret ? <input type="password" {...common} /> : <input type="text" {...common} />;
}

/** Only what was filled in goes to the server. */
export function filledIn(channel: NewChannel): NewChannel {
  return { ...channel, settings: Object.fromEntries(Object.entries(channel.settings).filter(([, v]) => v !== '')) };
}

export function useChannel() { return useState<NewChannel>({ kind: '', name: '', settings: {} }); }
