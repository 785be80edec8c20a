import { useState } from 'preact/hooks';
import { faultsOf, SettingFields, type Faults } from '../../components/channel';
import { CopyText } from '../../components/copy';
import { Icon } from '../../components/icon';
import { toldByHand } from '../../components/kinds';
import { say } from '../../components/toast';
import { patch } from '../../lib/api';
import { t } from '../../lib/i18n';
import type { Channel, ChannelKind, Channels as List } from '../../lib/types';
import { channelPath, SubHead } from './channel-parts';
import { href, go } from './route';

/** A channel's open settings. Secrets are never shown; they are rotated. */
export function ChannelSettings({ list, channel, kind, reload }: { list: List; channel: Channel; kind: ChannelKind; reload: () => void }) {
  const [before] = useState(() => shown(channel));
  const [values, setValues] = useState(before);
  const [faults, setFaults] = useState<Faults>({});
  const changed = Object.fromEntries(Object.entries(values).filter(([key, value]) => value !== (before[key] ?? '')));
  const save = async (event: Event) => {
    event.preventDefault();
    try {
      await patch(channelPath(channel.name), { settings: changed });
      say(t('channel.saved'));
      reload();
      go('channels');
    } catch (fault) { setFaults(faultsOf(fault, kind)); }
  };
  const wrong = Object.keys(faults).filter(Boolean).length;
  return <>
    <SubHead title={channel.name} code />
    {toldByHand(kind, channel.settings) && <section class="card stack"><h2>{t('channel.hook')}</h2><CopyText text={channel.hook_url} label={t('channel.hook')} />
      {channel.secrets.includes('path') && <p class="notice"><Icon name="key" />{t('channel.hook.secret')}</p>}</section>}
    <form class="card stack" onSubmit={(e) => void save(e)}>
      <h2>{t('channel.settings')}</h2>
      <p class="quiet"><span lang="en">{kind.title}</span> · <a href={kind.help} target="_blank" rel="noreferrer">{t('channel.manual')}</a></p>
      {kind.settings.some((s) => s.secret) && <p class="quiet small">{t('channel.secrets.about')}</p>}
      {(faults[''] || wrong > 0) && <p class="problem" role="alert">{faults[''] ? <span dir="auto">{faults['']}</span> : t('channel.faults', { n: wrong })}</p>}
      <SettingFields kind={kind} values={values} faults={faults} suggest={list.acknowledge} open onChange={setValues} />
      <div class="form-actions"><button type="submit" class="button button-primary" disabled={!Object.keys(changed).length}>{t('save')}</button><a class="button" href={href('channels')}>{t('cancel')}</a></div>
    </form>
  </>;
}

/** What the form begins with; 24h0m0s is how the server writes 24h. */
function shown(channel: Channel): Record<string, string> {
  const values = { ...channel.settings, ...(channel.public_url ? { public_url: channel.public_url } : {}) };
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, value.replace(/^(\d+h)0m0s$/, '$1')]));
}
