// What responders must know about the system itself.
import { useEffect, useState } from 'preact/hooks';
import { Icon } from '../../components/icon';
import { get } from '../../lib/api';
import { ago, number, t } from '../../lib/i18n';
import type { OpsStatus } from '../../lib/types';

const everyMs = 30_000;

export function OpsNotices() {
  const [status, setStatus] = useState<OpsStatus | null>(null);
  useEffect(() => {
    let gone = false;
    const ask = () => get<OpsStatus>('/api/v1/ops/status').then((s) => { if (!gone) setStatus(s); }, () => { /* the freshness line says it */ });
    void ask();
    const timer = setInterval(() => void ask(), everyMs);
    return () => { gone = true; clearInterval(timer); };
  }, []);
  if (!status) return null;
  return <>
    {status.warnings.map((w) => <p key={w.code} class="notice"><Icon name="alert" />{t(`warning.${w.code}`) === `warning.${w.code}` ? w.text : t(`warning.${w.code}`)}</p>)}
    <details class="channels"><summary>{t('ops.channels', { n: status.channels.length })}</summary>
      <ul>{status.channels.map((c) => <li key={c.name}><span>{c.name}</span><span class="quiet">{c.last_received ? t('ops.heard', { ago: ago(c.last_received) }) : t('ops.silent')}</span></li>)}</ul>
      <p class="quiet small">{t('ops.ledger', { n: number(status.ledger.size) })}</p></details>
  </>;
}
