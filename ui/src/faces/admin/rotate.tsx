import { useState } from 'preact/hooks';
import { CopyText } from '../../components/copy';
import { Dialog } from '../../components/dialog';
import { faultText } from '../../components/states';
import { post } from '../../lib/api';
import { t } from '../../lib/i18n';
import type { Channel, ChannelKind } from '../../lib/types';
import { channelPath } from './channel-parts';

/** A secret gets a new value; the one before stays good beside it. */
export function RotateDialog({ channel, kind, onClose, reload }: { channel: Channel; kind: ChannelKind; onClose: () => void; reload: () => void }) {
  const [values, setValues] = useState<Record<string, string>>({});
  const [address, setAddress] = useState(false);
  const [problem, setProblem] = useState('');
  const [done, setDone] = useState<Channel | null>(null);
  const filled = Object.fromEntries(Object.entries(values).filter(([, v]) => v !== ''));
  const save = async (event: Event) => {
    event.preventDefault();
    try {
      setDone(await post<Channel>(channelPath(channel.name, '/rotate'), { secrets: { ...filled, ...(address ? { path: '' } : {}) } }));
      reload();
    } catch (fault) { setProblem(faultText(fault)); }
  };
  if (done) {
    return <Dialog title={t('channel.rotate.done')} onClose={onClose}><p>{t('channel.rotate.kept')}</p>
      {address && <><p>{t('channel.rotate.paste')}</p><CopyText text={done.hook_url} label={t('channel.hook')} /></>}
      <div class="form-actions"><button type="button" class="button button-primary" onClick={onClose}>{t('close')}</button></div></Dialog>;
  }
  const secrets = kind.settings.filter((s) => s.secret);
  return (
    <Dialog title={t('channel.rotate.title', { name: channel.name })} onClose={onClose}>
      <form class="stack" onSubmit={(e) => void save(e)}>
        <p>{t('channel.rotate.about')}</p>
        {secrets.map((s) => <div key={s.key} class="field"><label><span class="field-label"><code dir="ltr">{s.key}</code> <span class="optional">{t(channel.secrets.includes(s.key) ? 'channel.secret.set' : 'channel.secret.unset')}</span></span>
          <input type="password" autocomplete="new-password" dir="ltr" value={values[s.key] ?? ''} aria-describedby={`rotate-${s.key}`} onInput={(e) => setValues({ ...values, [s.key]: e.currentTarget.value })} /></label><p class="field-help" id={`rotate-${s.key}`} lang="en" dir="auto">{s.help}</p></div>)}
        {channel.secrets.includes('path') && <label class="check"><input type="checkbox" checked={address} onChange={(e) => setAddress(e.currentTarget.checked)} /> {t('channel.rotate.path')}</label>}
        {problem && <p class="problem" role="alert" dir="auto">{problem}</p>}
        <div class="form-actions"><button type="submit" class="button button-primary" disabled={!address && !Object.keys(filled).length}>{t('channel.rotate')}</button><button type="button" class="button" onClick={onClose}>{t('cancel')}</button></div>
      </form>
    </Dialog>
  );
}
