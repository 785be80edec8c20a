import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const english = JSON.parse(readFileSync(join(import.meta.dirname, '../../locales/en.json'), 'utf8'));
const here = join(import.meta.dirname, '..');
const tokens = new Map([...readFileSync(join(here, 'design/tokens.css'), 'utf8').matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g)].map(([, name, light, dark]) => [name, [light, dark]]));

function luminance(hex) {
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(a, b) {
  const [hi, lo] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (hi + 0.05) / (lo + 0.05);
}

describe('contrast', () => {
  const text = [['ink', 'surface'], ['ink-2', 'surface'], ['ink-2', 'surface-2'], ['ink-3', 'surface'], ['accent', 'surface'], ['accent', 'surface-2'], ['on-accent', 'accent'], ['low', 'low-soft'], ['normal', 'normal-soft'], ['life', 'life-soft'], ['good', 'good-soft'], ['good', 'surface'], ['ink-2', 'surface-3']];
  const marks = ['low', 'normal', 'life'].flatMap((s) => [[s, 'land'], [s, 'water'], [s, 'surface']]);
  for (const theme of [0, 1]) {
    it.each(text)(`text %s on %s reads, theme ${theme}`, (a, b) => expect(contrast(tokens.get(a)[theme], tokens.get(b)[theme])).toBeGreaterThanOrEqual(4.5));
    it.each(marks)(`mark %s stands out on %s, theme ${theme}`, (a, b) => expect(contrast(tokens.get(a)[theme], tokens.get(b)[theme])).toBeGreaterThanOrEqual(3));
  }
});

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((f) => (f.isDirectory() ? sources(join(folder, f.name)) : /\.tsx?$/.test(f.name) && !f.name.includes('.test.') ? [join(folder, f.name)] : []));
}

it('every text the client asks for is in the catalogue', () => {
  const known = new Set(Object.keys(english));
  const missing = sources(here).flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/\bt\('([\w.]+)'/g)].map((m) => m[1]).filter((key) => !known.has(key) && !known.has(`${key}.other`)).map((key) => `${file}: ${key}`));
  expect(missing).toEqual([]);
});

it('every text in the catalogue is asked for', () => {
  const all = [...sources(here), ...readdirSync(join(here, '../templates')).map((f) => join(here, '../templates', f))].map((f) => readFileSync(f, 'utf8')).join('\n');
  const stems = [...all.matchAll(/`([\w.]+\.)\$\{/g), ...all.matchAll(/print "([\w.]+\.)"/g)].map((m) => m[1]);
  const unused = Object.keys(english).filter((key) => {
    const base = key.replace(/\.(one|other)$/, '');
    return !all.includes(`'${base}'`) && !all.includes(`"${base}"`) && !stems.some((stem) => key.startsWith(stem));
  });
  expect(unused).toEqual([]);
});
