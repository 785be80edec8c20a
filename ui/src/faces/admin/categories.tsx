import { Icon } from '../../components/icon';
import { faultText } from '../../components/states';
import { complain, say } from '../../components/toast';
import { patch } from '../../lib/api';
import { number, pick, t } from '../../lib/i18n';
import type { Category, Severity } from '../../lib/types';
import { useAnswer } from './load';

const severities: Severity[] = ['low', 'normal', 'life_safety'];

export function Categories() {
  const { value, waiting, reload } = useAnswer<{ categories: Category[] }>('/api/v1/admin/categories');
  const change = async (key: string, what: Partial<Category>) => {
    try { await patch(`/api/v1/admin/categories/${encodeURIComponent(key)}`, what); say(t('saved')); } catch (fault) { complain(faultText(fault)); }
    reload();
  };
  if (!value) return <>{waiting}</>;
  return <ul class="list">{value.categories.map((c) => (
    <li key={c.key} class={c.enabled ? '' : 'list-off'}><label class="list-main list-check"><input type="checkbox" checked={c.enabled} onChange={(e) => void change(c.key, { enabled: e.currentTarget.checked })} /><Icon name={c.icon} /><strong>{pick(c.labels, c.key)}</strong></label>
      {c.profile && <span class="badge">{t(`profile.${c.profile}`)}</span>}
      <span class="quiet small">{c.lifetime_h ? t('category.lifetime', { n: c.lifetime_h }) : t('category.forever')}</span>
      <select class="short" aria-label={t('desk.severity')} value={c.severity} onChange={(e) => void change(c.key, { severity: e.currentTarget.value as Severity })}>{severities.map((s) => <option key={s} value={s}>{t(`severity.${s}`)}</option>)}</select></li>
  ))}<li class="quiet small">{t('category.count', { n: value.categories.filter((c) => c.enabled).length, of: number(value.categories.length) })}</li></ul>;
}
