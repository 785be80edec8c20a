import { t } from '../lib/i18n';
import type { Role } from '../lib/types';
import { CopyText } from './copy';
import { QR } from './qr';

/** A sign-in link to hand over, as text or to photograph. */
export function Invitation({ name, role, link }: { name: string; role: Role; link: string }) {
  return (
    <div class="invitation">
      <QR text={link} label={t('people.qr', { name })} />
      <div class="stack"><h3 dir="auto">{name} <span class="badge">{t(`role.${role}`)}</span></h3>
        <CopyText text={link} label={t('people.link', { name })} />
        <p class="quiet small">{t('people.link.about')}</p></div>
    </div>
  );
}
