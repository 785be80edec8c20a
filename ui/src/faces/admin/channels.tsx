import { ChannelFields, filledIn, useChannel } from '../../components/channel';
import { CopyText } from '../../components/copy';
import { faultText } from '../../components/states';
import { complain, say } from '../../components/toast';
import { post } from '../../lib/api';
import { me } from '../../lib/deployment';
import { t } from '../../lib/i18n';
import type { ChannelKind } from '../../lib/types';
import { useAnswer } from './load';

interface Row { id: string; name: string; kind: string; hook_url: string; settings: Record<string, string>; enabled: boolean }

export function Channels() {
  const { value, waiting, reload } = useAnswer<{ channels: Row[] }>('/api/v1/admin/channels');
  const kinds = useAnswer<{ kinds: ChannelKind[] }>('/api/v1/admin/channels/kinds');
  const [channel, setChannel] = useChannel();
  const add = async (event: Event) => {
    event.preventDefault();
    try {
      await post('/api/v1/admin/channels', filledIn(channel));
      setChannel({ kind: '', name: '', settings: {} });
      say(t('channel.added'));
      reload();
    } catch (fault) { complain(faultText(fault)); }
  };
  return <>
    {!value ? waiting : <ul class="list">{value.channels.map((c) => (
      <li key={c.id} class={c.enabled ? '' : 'list-off'}><span class="list-main"><strong dir="ltr">{c.name}</strong><span class="quiet small" dir="ltr">{c.kind}</span></span>
        <span class="list-wide"><CopyText text={c.hook_url} label={t('channel.hook')} /></span></li>
    ))}</ul>}
    {me.value?.roles.includes('admin') && kinds.value && <form class="card stack" onSubmit={(e) => void add(e)}><h2>{t('channel.add')}</h2>
      <ChannelFields kinds={kinds.value.kinds} value={channel} onChange={setChannel} />
      {channel.kind && <button type="submit" class="button button-primary">{t('channel.add')}</button>}</form>}
    <p class="quiet"><a href="/help/channel-sms">{t('channel.manual')}</a></p>
  </>;
}
