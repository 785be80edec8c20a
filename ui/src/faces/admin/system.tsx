import { Icon } from '../../components/icon';
import { faultText } from '../../components/states';
import { complain, say } from '../../components/toast';
import { postNothing } from '../../lib/api';
import { me } from '../../lib/deployment';
import { ago, number, t } from '../../lib/i18n';
import type { OpsStatus } from '../../lib/types';
import { useAnswer } from './load';

/** What the system itself has to say: warnings, silence, history, key. */
export function System() {
  const { value, waiting, reload } = useAnswer<OpsStatus>('/api/v1/ops/status');
  const confirm = async () => {
    try { await postNothing('/api/v1/admin/key/confirm'); say(t('saved')); reload(); } catch (fault) { complain(faultText(fault)); }
  };
  if (!value) return <>{waiting}</>;
  return <>
    {value.warnings.map((w) => <p key={w.code} class="notice"><Icon name="alert" />{t(`warning.${w.code}`) === `warning.${w.code}` ? w.text : t(`warning.${w.code}`)}</p>)}
    <section class="card stack"><h2>{t('system.key')}</h2>
      <p>{value.key_confirmed ? t('system.key.kept') : t('system.key.about')}</p>
      {!value.key_confirmed && me.value?.roles.includes('admin') && <button type="button" class="button button-primary" onClick={() => void confirm()}>{t('system.key.confirm')}</button>}
      <p><a href="/help/backup">{t('system.backup')}</a></p></section>
    <section class="card stack"><h2>{t('admin.channels')}</h2><ul class="list">{value.channels.map((c) => <li key={c.name}><span class="list-main"><strong dir="ltr">{c.name}</strong><span class="quiet small" dir="ltr">{c.kind}</span></span><span>{c.last_received ? t('ops.heard', { ago: ago(c.last_received) }) : t('ops.silent')}</span></li>)}</ul></section>
    <section class="card stack"><h2>{t('system.ledger')}</h2><p>{t('ops.ledger', { n: number(value.ledger.size) })}</p><p class="quiet">{t('system.ledger.about')}</p></section>
  </>;
}
