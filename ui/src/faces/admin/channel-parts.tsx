import { Icon } from '../../components/icon';
import { t } from '../../lib/i18n';
import { href } from './route';

export const channelsPath = '/api/v1/admin/channels';
export const channelPath = (name: string, rest = '') => `${channelsPath}/${encodeURIComponent(name)}${rest}`;

/** The way back, and a page's own heading. */
export function SubHead({ title, note, code }: { title: string; note?: string; code?: boolean }) {
  return <header class="subhead"><p><a href={href('channels')}><Icon name="back" class="icon-flip" />{t('admin.channels')}</a></p><h1 dir={code ? 'ltr' : undefined}>{title}</h1>{note && <p class="quiet" dir="auto">{note}</p>}</header>;
}
