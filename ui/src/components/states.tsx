// Loading, empty and error, the same on every face.
import type { ComponentChildren } from 'preact';
import { Problem } from '../lib/api';
import { t } from '../lib/i18n';

export function Skeleton({ lines = 3 }: { lines?: number }) {
  return <div role="status">{Array.from({ length: lines }, (_, i) => <span key={i} class="skeleton" />)}<span class="sr">{t('loading')}</span></div>;
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return <div class="empty"><strong>{title}</strong>{children}</div>;
}

/** What went wrong in the reader's words; the server's own where it has some. */
export function faultText(fault: unknown): string {
  if (fault instanceof Problem) {
    if (fault.status === 0) return t('error.offline');
    if (fault.status === 401) return t('error.signedout');
    return fault.message || t('error.ours');
  }
  return t('error.ours');
}

export function Fault({ fault, retry }: { fault: unknown; retry?: () => void }) {
  return (
    <div class="problem" role="alert">
      <p>{faultText(fault)}</p>
      {fault instanceof Problem && fault.status === 401
        ? <p><a class="button button-small" href="/signin">{t('nav.signin')}</a></p>
        : retry && <p><button type="button" class="button button-small" onClick={retry}>{t('retry')}</button></p>}
    </div>
  );
}
