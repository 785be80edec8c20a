// What this deployment is, and who is signed in: read once a page.
import { signal } from '@preact/signals';
import { get, Problem } from './api';
import { pick, t, useZone } from './i18n';
import type { Category, Deployment, Me } from './types';

export const deployment = signal<Deployment | null>(null);
export const me = signal<Me | null>(null);

export async function loadDeployment(): Promise<Deployment> {
  const found = await get<Deployment>('/api/v1/deployment');
  useZone(found.timezone);
  deployment.value = found;
  return found;
}

const signedInKey = 'onyo.signed-in';

/** Asks who is signed in, only in a browser where somebody signed in: an
 * ordinary reader's browser never asks. */
export async function loadMe(always = false): Promise<Me | null> {
  if (!always && !remembered()) return null;
  try {
    me.value = await get<Me>('/api/v1/auth/me');
    remember(true);
  } catch (fault) {
    if (fault instanceof Problem && fault.status === 401) remember(false);
    me.value = null;
  }
  return me.value;
}

function remembered(): boolean {
  try { return localStorage.getItem(signedInKey) === '1'; } catch { return true; }
}

/** Keeps or drops the mark that somebody signed in here. */
export function remember(yes: boolean): void {
  try {
    if (yes) localStorage.setItem(signedInKey, '1');
    else localStorage.removeItem(signedInKey);
  } catch { /* private window */ }
}

export function category(key: string): Category | undefined {
  return deployment.value?.categories.find((c) => c.key === key);
}

export const categoryLabel = (key: string | null | undefined) => (key ? pick(category(key)?.labels, key.replaceAll('_', ' ')) : t('incident.uncategorised'));
export const categoryIcon = (key: string | null | undefined) => (key && category(key)?.icon) || 'other';

/** Where a person with these roles works first. */
export function home(roles: readonly string[]): string {
  if (roles.some((r) => r === 'volunteer' || r === 'verifier')) return '/desk';
  if (roles.some((r) => r === 'responder' || r === 'coordinator')) return '/ops';
  return roles.includes('admin') ? '/admin' : '/';
}
