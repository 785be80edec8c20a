// One quiet line at the bottom that says what just happened, with a way back.
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { t } from '../lib/i18n';
import { Icon } from './icon';

interface Note { text: string; undo?: () => void; until: number; wrong?: boolean }
const note = signal<Note | null>(null);

/** How long an act can be undone, in milliseconds. */
export const undoFor = 10_000;

export function say(text: string, undo?: () => void): void {
  note.value = { text, until: Date.now() + undoFor, ...(undo ? { undo } : {}) };
}

export function complain(text: string): void {
  note.value = { text, wrong: true, until: Date.now() + undoFor };
}

/** Takes back the last act, if it still can be. */
export function undoLast(): void {
  const undo = note.value?.undo;
  note.value = null;
  undo?.();
}

export function Toast() {
  const current = note.value;
  useEffect(() => {
    if (!current) return undefined;
    const timer = setTimeout(() => { if (note.value === current) note.value = null; }, current.until - Date.now());
    return () => clearTimeout(timer);
  }, [current]);
  return (
    <div class={`toast ${current ? 'toast-shown' : ''} ${current?.wrong ? 'toast-wrong' : ''}`} role="status" aria-live="polite">
      {current && <>
        <span>{current.text}</span>
        {current.undo && <button type="button" class="button button-small" onClick={undoLast}><Icon name="undo" />{t('undo')} <kbd>z</kbd></button>}
      </>}
    </div>
  );
}
