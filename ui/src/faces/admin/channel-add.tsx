import { useState } from 'preact/hooks';
import { faultsOf, filledIn, NameField, SettingFields, suggestName, type Faults } from '../../components/channel';
import { CopyText } from '../../components/copy';
import { Icon } from '../../components/icon';
import { kindIcon, soons, sorted, toldByHand, type Soon } from '../../components/kinds';
import { Problem, post } from '../../lib/api';
import { t } from '../../lib/i18n';
import type { Channel, ChannelKind, Channels as List } from '../../lib/types';
import { Tester } from './channel-item';
import { channelsPath, SubHead } from './channel-parts';
import { href } from './route';

interface Adding { list: List; kinds: ChannelKind[]; kind: ChannelKind | undefined; reload: () => void }

export function AddChannel({ list, kinds, kind, reload }: Adding) {
  if (!kind) return <ChooseKind kinds={kinds} />;
  return <Form list={list} kind={kind} reload={reload} />;
}

function ChooseKind({ kinds }: { kinds: ChannelKind[] }) {
  const groups = sorted(kinds);
  const group = (soon: Soon) => (
    <section key={soon} class="ways"><h2>{t(`soon.${soon}`)}</h2><p class="quiet">{t(`soon.${soon}.about`)}</p>
      <ul>{soon === 'minutes' && <li><a class="way" href={href('channels', 'poster')}><Icon name="print" /><span><strong>{t('way.form')}</strong><span class="quiet small">{t('way.form.about')}</span></span></a></li>}
        {groups[soon].map((k) => <li key={k.name}><a class="way" href={href('channels', 'add', k.name)}><Icon name={kindIcon(k.name)} /><span lang="en" dir="auto"><strong>{k.title}</strong><span class="quiet small">{k.summary}</span></span></a></li>)}</ul>
      {soon === 'weeks' && <p class="quiet small">{t('soon.weeks.short')}</p>}</section>
  );
  return <><SubHead title={t('channel.add')} note={t('channel.add.about')} />{soons.map(group)}</>;
}

function Form({ list, kind, reload }: { list: List; kind: ChannelKind; reload: () => void }) {
  const [name, setName] = useState(() => suggestName(kind.name, list.channels.map((c) => c.name)));
  const [settings, setSettings] = useState<Record<string, string>>({});
  const [faults, setFaults] = useState<Faults>({});
  const [busy, setBusy] = useState(false);
  const [added, setAdded] = useState<Channel | null>(null);
  const add = async (event: Event) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    setBusy(true);
    try {
      setAdded(await post<Channel>(channelsPath, filledIn({ kind: kind.name, name, settings })));
      setFaults({});
      reload();
    } catch (fault) {
      setFaults(fault instanceof Problem && fault.code === 'name_taken' ? { '': t('channel.name.taken') } : faultsOf(fault, kind));
      requestAnimationFrame(() => form.querySelector<HTMLElement>('[aria-invalid], .problem')?.scrollIntoView({ block: 'center' }));
    }
    setBusy(false);
  };
  if (added) return <Added channel={added} kind={kind} />;
  const wrong = Object.keys(faults).filter(Boolean).length;
  return <>
    <SubHead title={kind.title} />
    <form class="card stack" onSubmit={(e) => void add(e)}>
      <p><span lang="en" dir="auto">{kind.summary}</span></p>
      <p><a class="steps" href={kind.help} target="_blank" rel="noreferrer"><Icon name="note" />{t('channel.manual')}</a></p>
      {(faults[''] || wrong > 0) && <p class="problem" role="alert">{faults[''] ? <span dir="auto">{faults['']}</span> : t('channel.faults', { n: wrong })}</p>}
      <NameField value={name} onChange={setName} />
      <SettingFields kind={kind} values={settings} faults={faults} suggest={list.acknowledge} onChange={setSettings} />
      <div class="form-actions"><button type="submit" class="button button-primary" disabled={busy}>{t('channel.add')}</button><a class="button" href={href('channels', 'add')}>{t('cancel')}</a></div>
    </form>
  </>;
}

function Added({ channel, kind }: { channel: Channel; kind: ChannelKind }) {
  const byHand = toldByHand(kind, channel.settings);
  return <>
    <SubHead title={channel.name} code note={t('channel.added')} />
    <section class="card stack" role="status">
      {byHand && <><h2>{t('channel.next')}</h2><p>{t('setup.hook.about')}</p><CopyText text={channel.hook_url} label={t('channel.hook')} />
        {channel.secrets.includes('path') && <p class="notice"><Icon name="key" />{t('channel.hook.secret')}</p>}</>}
      {!byHand && <p>{t('channel.fetches')}</p>}
      <p><a class="steps" href={kind.help}><Icon name="note" />{t('channel.manual')}</a></p>
      <div class="form-actions">{kind.tests && <Tester channel={channel} can />}</div>
    </section>
    <p class="form-actions"><a class="button button-primary" href={href('channels')}>{t('channel.back')}</a><a class="button" href={href('channels', 'add')}>{t('channel.another')}</a></p>
  </>;
}
