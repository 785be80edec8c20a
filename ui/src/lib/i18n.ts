// Texts, numbers and times in the page's language. One flat catalogue a
// language; English stands in for what a catalogue lacks.
import { signal } from '@preact/signals';
import type { Labels } from './types';

type Words = Record<string, string>;
const loaders = import.meta.glob<Words>('../../locales/*.json', { import: 'default' });

let words: Words = {};
let code = 'en';
let zone: string | undefined;
let plurals = new Intl.PluralRules('en');

/** The clock of the page: ticks twice a minute, so that ages stay true. */
export const now = signal(Date.now());

/** Loads the page's catalogue; call once, before anything is drawn. */
export async function loadWords(language = document.documentElement.lang || 'en'): Promise<void> {
  const path = (l: string) => `../../locales/${l}.json`;
  const load = loaders[path(language)] ?? loaders[path(language.split('-')[0] ?? 'en')] ?? loaders[path('en')];
  useWords(language, load ? await load() : {});
  setInterval(() => { now.value = Date.now(); }, 30_000);
}

/** A text in another language than the page's, as for a poster. */
export async function wordsIn(language: string): Promise<(key: string, args?: Record<string, string>) => string> {
  const load = loaders[`../../locales/${language}.json`];
  const catalogue = load ? await load() : {};
  return (key, args = {}) => (catalogue[key] ?? words[key] ?? key).replace(/\{(\w+)\}/g, (whole, name: string) => args[name] ?? whole);
}

/** Takes a catalogue that is at hand: for tests and for the style page. */
export function useWords(language: string, catalogue: Words): void {
  code = language;
  words = catalogue;
  plurals = new Intl.PluralRules(language);
}

/** The deployment's zone: times are written in it on every face. */
export function useZone(name: string): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    zone = name;
  } catch { zone = undefined; }
}

export const language = () => code;
export const rightToLeft = () => document.documentElement.dir === 'rtl';

/** The text of a key; `n` among the arguments chooses the plural form. */
export function t(key: string, args?: Record<string, string | number>): string {
  let text = words[key];
  if (args && typeof args['n'] === 'number') {
    text = words[`${key}.${plurals.select(args['n'])}`] ?? words[`${key}.other`] ?? text;
  }
  if (text === undefined) return key;
  if (!args) return text;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = args[name];
    return value === undefined ? whole : typeof value === 'number' ? number(value) : value;
  });
}

/** A text that people wrote in several languages. */
export function pick(labels: Labels | string | null | undefined, otherwise = ''): string {
  if (labels === null || labels === undefined) return otherwise;
  if (typeof labels === 'string') return labels;
  return labels[code] ?? labels['en'] ?? Object.values(labels)[0] ?? otherwise;
}

const intl = () => `${code}-u-nu-latn`;

export const number = (n: number) => new Intl.NumberFormat(intl()).format(n);

function format(at: string | number | Date, options: Intl.DateTimeFormatOptions): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return '';
  return new Intl.DateTimeFormat(intl(), { ...options, ...(zone ? { timeZone: zone } : {}) }).format(date);
}

export const clock = (at: string | number | Date) => format(at, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
export const day = (at: string | number | Date) => format(at, { day: 'numeric', month: 'short' });
export const moment = (at: string | number | Date) => `${day(at)}, ${clock(at)}`;
export const second = (at: string | number | Date) => `${day(at)}, ${format(at, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' })}`;

/** How long ago: "12 min ago"; beyond two days the date. */
export function ago(at: string | number | Date): string {
  const seconds = Math.round((now.value - new Date(at).getTime()) / 1000);
  const words = new Intl.RelativeTimeFormat(intl(), { numeric: 'auto', style: 'short' });
  if (seconds < 45) return t('time.now');
  if (seconds < 3600) return words.format(-Math.max(1, Math.round(seconds / 60)), 'minute');
  if (seconds < 48 * 3600) return words.format(-Math.round(seconds / 3600), 'hour');
  return day(at);
}

/** A distance with its unit, as exact as it is known. */
export function metres(m: number): string {
  if (m < 1000) return t('unit.m', { n: Math.round(m / 10) * 10 || Math.round(m) });
  return t('unit.km', { n: m < 10_000 ? Math.round(m / 100) / 10 : Math.round(m / 1000) });
}

/** A language's name in the page's language. */
export function languageName(of: string): string {
  try {
    return new Intl.DisplayNames([intl()], { type: 'language' }).of(of) ?? of;
  } catch { return of; }
}
