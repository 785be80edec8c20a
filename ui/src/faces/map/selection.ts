import { signal } from '@preact/signals';

export interface Selected { kind: 'hotspot' | 'incident' | 'cell'; id: string }
/** What the panel shows in full; null is the list. */
export const selected = signal<Selected | null>(null);
export const legendOpen = signal(false);
export type Tab = 'list' | 'changes';
export const tab = signal<Tab>('list');
