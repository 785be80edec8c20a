// What every channel has, whatever its kind: answers and limits.
import { useId } from 'preact/hooks';
import { t } from '../lib/i18n';
import type { ChannelSetting } from '../lib/types';
import { Icon } from './icon';

interface Fields {
  settings: ChannelSetting[]; values: Record<string, string>; faults: Record<string, string>;
  /** The crisis is one in which a thank-you is suggested. */
  suggest: boolean; receives: boolean; onChange: (key: string, value: string) => void;
}

export function AnswerFields({ settings, values, faults, suggest, receives, onChange }: Fields) {
  const find = (key: string) => settings.find((s) => s.key === key);
  const number = (key: string) => {
    const setting = find(key);
    return setting && <HostField key={key} setting={setting} value={values[key] ?? ''} fault={faults[key]} onChange={(v) => onChange(key, v)} />;
  };
  return (
    <div class="stack fold-body">
      {find('replies') && <fieldset class="stack"><legend class="field-label">{t('channel.answers')}</legend>
        <Replies on={values['replies'] === 'on'} onChange={(on) => onChange('replies', on ? 'on' : 'off')} />
        {values['replies'] === 'on' && <Acknowledge value={values['acknowledge'] || 'off'} suggest={suggest} onChange={(v) => onChange('acknowledge', v)} />}
        <div class="pair">{number('reply_limit')}{number('send_rate')}</div></fieldset>}
      <fieldset class="stack"><legend class="field-label">{t('channel.limits')}</legend><div class="pair">{number('sender_rate')}{number('silent_after')}</div></fieldset>
      {receives && <HostField setting={{ key: 'public_url', default: '' }} value={values['public_url'] ?? ''} fault={faults['public_url']} onChange={(v) => onChange('public_url', v)} />}
    </div>
  );
}

function Replies({ on, onChange }: { on: boolean; onChange: (on: boolean) => void }) {
  const id = useId();
  return <>
    <label class="check"><input type="checkbox" checked={on} aria-describedby={id} onChange={(e) => onChange(e.currentTarget.checked)} /> {t('host.replies')}</label>
    <div id={id} aria-live="polite">{on && <p class="notice"><Icon name="alert" /><span><strong>{t('channel.danger')}</strong> {t('channel.danger.about')}</span></p>}</div>
  </>;
}

const kinds = ['off', 'on', 'card'];

function Acknowledge({ value, suggest, onChange }: { value: string; suggest: boolean; onChange: (v: string) => void }) {
  return <>
    <label class="field"><span class="field-label">{t('host.acknowledge')}</span>
      <select value={value} onChange={(e) => onChange(e.currentTarget.value)}>{kinds.map((k) => <option key={k} value={k}>{t(`host.acknowledge.${k}`)}</option>)}</select></label>
    {suggest && value === 'off' && <p class="suggestion"><Icon name="info" /><span>{t('host.suggest')} <button type="button" class="button button-small" onClick={() => onChange('card')}>{t('host.suggest.take')}</button></span></p>}
  </>;
}

function HostField({ setting, value, fault, onChange }: { setting: Pick<ChannelSetting, 'key' | 'default'>; value: string; fault: string | undefined; onChange: (v: string) => void }) {
  const id = useId();
  const usual = setting.default.replace(/^(\d+h)0m0s$/, '$1');
  return (
    <div class="field">
      <label><span class="field-label">{t(`host.${setting.key}`)}</span>
        <input type="text" inputMode={/^\d+$/.test(usual) ? 'numeric' : undefined} dir="ltr" autocomplete="off" value={value} aria-describedby={id} aria-invalid={fault ? true : undefined} onInput={(e) => onChange(e.currentTarget.value)} /></label>
      <p class="field-help" id={id}>{fault && <strong class="field-fault" lang="en" dir="auto">{fault}</strong>}{t(`host.${setting.key}.help`)}{setting.default && <> {t('channel.default', { value: usual })}</>}</p>
    </div>
  );
}
