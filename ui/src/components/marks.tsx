// How bad (shape and colour) and how sure (fill), drawn the same everywhere.
import { t } from '../lib/i18n';
import type { Severity, Status } from '../lib/types';

export type Truth = 'verified' | 'probable' | 'unchecked' | 'refuted';

export function truthOf(status: Status): Truth {
  if (status === 'verified') return 'verified';
  if (status === 'probable') return 'probable';
  if (status === 'refuted' || status === 'spam' || status === 'harmful') return 'refuted';
  return 'unchecked';
}

/** Outlines on a 24 by 24 grid: circle, diamond, triangle. */
export const shapes: Record<Severity, string> = {
  low: 'M12 4a8 8 0 1 1 0 16a8 8 0 1 1 0-16z',
  normal: 'M12 2.5 21.5 12 12 21.5 2.5 12z',
  life_safety: 'M12 2.5 22.5 20.5H1.5z',
};

/** The mark of an incident, in a list or a legend. */
export function Mark({ severity, truth, size = 20 }: { severity: Severity; truth: Truth; size?: number }) {
  const id = `${severity}-${truth}`;
  return (
    <svg class={`sevmark sevmark-${severity} truth-${truth}`} viewBox="0 0 24 24" width={size} height={size} aria-hidden="true">
      {truth === 'probable' && (
        <defs><clipPath id={`clip-${id}`}><path d={shapes[severity]} /></clipPath></defs>
      )}
      <path class="sevmark-ground" d={shapes[severity]} />
      {truth === 'probable' && (
        <path class="sevmark-hatch" clip-path={`url(#clip-${id})`} d="M-4 14 14-4M-2 20 20-2M2 24 24 2M8 28 28 8M14 28 28 14" />
      )}
      <path class="sevmark-edge" d={shapes[severity]} />
      {truth === 'refuted' && <path class="sevmark-strike" d="M3 21 21 3" />}
    </svg>
  );
}

export function SeverityBadge({ severity }: { severity: Severity }) {
  return <span class={`badge severity-${severity}`}>{t(`severity.${severity}`)}</span>;
}

export function StatusBadge({ status }: { status: Status }) {
  return <span class={`badge ${status === 'verified' ? 'badge-good' : ''}`}>{t(`status.${status}`)}</span>;
}
