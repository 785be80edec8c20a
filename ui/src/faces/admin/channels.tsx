// Channels: how each fares, the worst first, and what can be done about it.
import { useEffect } from 'preact/hooks';
import { Icon } from '../../components/icon';
import { Fault } from '../../components/states';
import { me } from '../../lib/deployment';
import { t } from '../../lib/i18n';
import type { ChannelKind, Channels as List } from '../../lib/types';
import { AddChannel } from './channel-add';
import { ChannelItem } from './channel-item';
import { channelsPath } from './channel-parts';
import { ChannelSettings } from './channel-settings';
import { byFare, troubled } from './health';
import { useAnswer } from './load';
import { Poster } from './poster';
import { href, route } from './route';
import { Traffic } from './traffic';

/** How often the list is read anew, in milliseconds; soon while something starts. */
const every = 10_000, soon = 1500;

export function Channels() {
  const list = useAnswer<List>(channelsPath);
  const kinds = useAnswer<{ kinds: ChannelKind[] }>(`${channelsPath}/kinds`);
  const starting = list.value?.channels.some((c) => c.enabled && !c.health) ?? false;
  useEffect(() => {
    const timer = setInterval(() => { if (document.visibilityState === 'visible') list.reload(); }, starting ? soon : every);
    return () => clearInterval(timer);
  }, [list.reload, starting]);
  const seen = route.value.join('/');
  useEffect(list.reload, [seen]); // whoever comes back wants to see how it stands now
  if (!list.value) return <>{list.waiting}</>;
  if (!kinds.value) return <>{kinds.waiting}</>;
  const [, page, name] = route.value;
  const found = list.value.channels.find((c) => c.name === name);
  const kind = kinds.value.kinds.find((k) => k.name === found?.kind);
  const shared = { list: list.value, kinds: kinds.value.kinds, reload: list.reload };
  const admin = me.value?.roles.includes('admin') ?? false;
  if (page === 'add' && admin) return <AddChannel key={name} {...shared} kind={kinds.value.kinds.find((k) => k.name === name)} />;
  if (page === 'poster') return <Poster address={`${list.value.public_url}/report`} />;
  if (page === 'settings' && admin && found && kind) return <ChannelSettings key={found.name} {...shared} channel={found} kind={kind} />;
  if (page === 'log' && found) return <Traffic channel={found} />;
  return <Overview {...shared} admin={admin} fault={list.fault} />;
}

function Overview({ list, kinds, admin, reload, fault }: { list: List; kinds: ChannelKind[]; admin: boolean; reload: () => void; fault: unknown }) {
  const rows = byFare(list.channels);
  const wrong = rows.filter((r) => troubled(r.fare)).length;
  return <>
    {!route.value[1] ? null : <h1>{t('admin.channels')}</h1>}
    {fault ? <Fault fault={fault} retry={reload} /> : null}
    <div class="chans-head">
      <p class={wrong ? 'chans-sum chans-sum-wrong' : 'chans-sum'}>{wrong ? <><Icon name="alert" />{t('channels.wrong', { n: wrong })}</> : <><Icon name="check" />{t('channels.well')}</>}</p>
      <span class="form-actions"><a class="button" href={href('channels', 'poster')}><Icon name="print" />{t('poster.title')}</a>
        {admin && <a class="button button-primary" href={href('channels', 'add')}><Icon name="plus" />{t('channel.add')}</a>}</span>
    </div>
    <ul class="chans">{rows.map(({ channel, fare }) => <ChannelItem key={channel.id} channel={channel} fare={fare} kind={kinds.find((k) => k.name === channel.kind)} admin={admin} reload={reload} />)}</ul>
    <p class="quiet small">{t('channels.about')} <a href="/help/channels">{t('channels.manual')}</a></p>
  </>;
}
