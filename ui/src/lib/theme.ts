// Light, dark, or as the device has it.
import { signal } from '@preact/signals';

export type Theme = 'auto' | 'light' | 'dark';
const key = 'onyo.theme';

const stored = (): Theme => {
  try {
    const value = localStorage.getItem(key);
    return value === 'light' || value === 'dark' ? value : 'auto';
  } catch { return 'auto'; }
};

export const theme = signal<Theme>(stored());
const device = typeof matchMedia === 'function' ? matchMedia('(prefers-color-scheme: dark)') : undefined;
/** Whether the page is dark now. */
export const dark = signal(false);

function apply() {
  const root = document.documentElement;
  if (theme.value === 'auto') root.removeAttribute('data-theme');
  else root.setAttribute('data-theme', theme.value);
  dark.value = theme.value === 'dark' || (theme.value === 'auto' && device?.matches === true);
}

device?.addEventListener('change', apply);
apply();

export function setTheme(next: Theme): void {
  theme.value = next;
  // A browser that keeps nothing forgets the choice, which is fine.
  try {
    if (next === 'auto') localStorage.removeItem(key);
    else localStorage.setItem(key, next);
  } catch { /* private window */ }
  apply();
}
