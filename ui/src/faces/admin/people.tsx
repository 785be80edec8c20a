import { useState } from 'preact/hooks';
import { Dialog } from '../../components/dialog';
import { Icon } from '../../components/icon';
import { Invitation } from '../../components/invitation';
import { faultText } from '../../components/states';
import { complain, say } from '../../components/toast';
import { post, remove } from '../../lib/api';
import { me } from '../../lib/deployment';
import { day, t } from '../../lib/i18n';
import type { Role } from '../../lib/types';
import { useAnswer } from './load';

interface Member { id: string; name: string; roles: Role[]; disabled: boolean; since: string }
interface Invited { name: string; role: Role; link: string }
const roles: Role[] = ['volunteer', 'verifier', 'responder', 'coordinator', 'admin'];
const path = '/api/v1/admin/people';

export function People() {
  const { value, waiting, reload } = useAnswer<{ people: Member[] }>(path);
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('volunteer');
  const [link, setLink] = useState<Invited | null>(null);
  const [ending, setEnding] = useState<Member | null>(null);
  const invite = async (event: Event) => {
    event.preventDefault();
    try {
      setLink(await post<Invited>(path, { name: name.trim(), role }));
      setName('');
      reload();
    } catch (fault) { complain(faultText(fault)); }
  };
  const end = async (member: Member) => {
    setEnding(null);
    try { await remove(`${path}/${encodeURIComponent(member.id)}`); say(t('people.ended', { name: member.name })); reload(); } catch (fault) { complain(faultText(fault)); }
  };
  return <>
    <form class="card stack" onSubmit={(e) => void invite(e)}>
      <h2>{t('people.invite')}</h2>
      <div class="person-row"><input aria-label={t('people.name')} placeholder={t('people.name')} required maxLength={80} dir="auto" value={name} onInput={(e) => setName(e.currentTarget.value)} />
        <select aria-label={t('people.role')} value={role} onChange={(e) => setRole(e.currentTarget.value as Role)}>{roles.filter((r) => r !== 'admin' || me.value?.roles.includes('admin')).map((r) => <option key={r} value={r}>{t(`role.${r}`)}</option>)}</select>
        <button type="submit" class="button button-primary">{t('people.makelink')}</button></div>
      <p class="quiet small">{t(`role.${role}.may`)}</p>
      {link && <Invitation {...link} />}
    </form>
    {!value ? waiting : <ul class="list">{value.people.map((p) => (
      <li key={p.id} class={p.disabled ? 'list-off' : ''}><span class="list-main"><strong dir="auto">{p.name}</strong><span class="quiet small">{p.disabled ? t('people.off') : t('people.since', { day: day(p.since) })}</span></span>
        <span class="badges">{p.roles.map((r) => <span key={r} class="badge">{t(`role.${r}`)}</span>)}</span>
        {!p.disabled && p.id !== me.value?.id && <button type="button" class="button button-quiet button-small" onClick={() => setEnding(p)}><Icon name="ban" />{t('people.end')}</button>}</li>
    ))}</ul>}
    {ending && <Dialog title={t('people.end.sure', { name: ending.name })} onClose={() => setEnding(null)}><p>{t('people.end.about')}</p><div class="form-actions"><button type="button" class="button button-danger" onClick={() => void end(ending)}>{t('people.end')}</button><button type="button" class="button" onClick={() => setEnding(null)}>{t('cancel')}</button></div></Dialog>}
  </>;
}
