// Where in the admin's pages somebody is: #part, and below it /more/and/more.
import { signal } from '@preact/signals';

export const route = signal<string[]>([]);

export function readRoute(): void {
  route.value = location.hash.slice(1).split('/').map((piece) => { try { return decodeURIComponent(piece); } catch { return ''; } });
}

export const go = (...pieces: string[]) => { location.hash = pieces.map(encodeURIComponent).join('/'); };
export const href = (...pieces: string[]) => `#${pieces.map(encodeURIComponent).join('/')}`;
