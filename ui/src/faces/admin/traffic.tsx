import { useCallback, useEffect, useState } from 'preact/hooks';
import { Icon } from '../../components/icon';
import { Empty, Fault, Skeleton } from '../../components/states';
import { get, withQuery } from '../../lib/api';
import { number, second, t } from '../../lib/i18n';
import type { Channel, TrafficLine } from '../../lib/types';
import { channelPath, SubHead } from './channel-parts';

const page = 100;

/** The exchange log: what went to and fro, and nothing of what was said. */
export function Traffic({ channel }: { channel: Channel }) {
  const [lines, setLines] = useState<TrafficLine[] | null>(null);
  const [more, setMore] = useState(false);
  const [fault, setFault] = useState<unknown>(null);
  const read = useCallback((before?: string) => {
    get<{ lines: TrafficLine[] }>(withQuery(channelPath(channel.name, '/traffic'), { limit: page, before })).then(({ lines: next }) => {
      setLines((known) => (before ? [...known ?? [], ...next] : next));
      setMore(next.length === page);
      setFault(null);
    }, setFault);
  }, [channel.name]);
  useEffect(() => read(), [read]);
  return <>
    <SubHead title={channel.name} code note={t('log.about')} />
    <div class="form-actions"><h2>{t('channel.log')}</h2><button type="button" class="button button-small" onClick={() => read()}><Icon name="refresh" />{t('log.again')}</button></div>
    {fault ? <Fault fault={fault} retry={() => read()} /> : !lines ? <Skeleton /> : !lines.length ? <div class="card"><Empty title={t('log.none')}><p>{t('log.none.about')}</p></Empty></div> : <Lines lines={lines} />}
    {more && lines && <button type="button" class="button" onClick={() => read(lines[lines.length - 1]!.at)}>{t('log.older')}</button>}
  </>;
}

const columns = ['time', 'direction', 'method', 'host', 'status', 'code', 'bytes', 'took', 'messages', 'alike', 'shape'];
const counted = ['bytes', 'took', 'messages', 'alike'];

function Lines({ lines }: { lines: TrafficLine[] }) {
  return (
    <div class="log" role="region" aria-label={t('channel.log')} tabIndex={0}>
      <table><thead><tr>{columns.map((c) => <th key={c} scope="col" class={counted.includes(c) ? 'count-cell' : ''}>{t(`log.${c}`)}</th>)}</tr></thead>
        <tbody>{lines.map((l, i) => (
          <tr key={i} class={l.code ? 'log-wrong' : ''}><td><time dateTime={l.at}>{second(l.at)}</time></td><td>{t(`log.${l.direction}`)}</td><td dir="ltr">{l.method}</td><td dir="ltr">{l.host || '–'}</td>
            <td>{l.status || '–'}</td><td dir="ltr">{l.code ? <code>{l.code}</code> : '–'}</td><td class="count-cell">{number(l.bytes)}</td><td class="count-cell">{number(Math.round(l.took_ms))}</td>
            <td class="count-cell">{number(l.messages)}</td><td class="count-cell">{number(l.exchanges)}</td><td class="log-shape" dir="ltr">{l.shape || '–'}</td></tr>
        ))}</tbody></table>
    </div>
  );
}
