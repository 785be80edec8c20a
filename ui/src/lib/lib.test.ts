// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { get, post, Problem, withQuery } from './api';
import { home } from './deployment';
import { ago, clock, metres, now, pick, t, useWords, useZone } from './i18n';
import { throttled } from './live';

describe('texts', () => {
  beforeEach(() => useWords('uk', { hello: 'Вітаємо, {name}', 'bars.one': '{n} стовпчик', 'bars.few': '{n} стовпчики', 'bars.many': '{n} стовпчиків', 'bars.other': '{n} стовпчика', 'unit.m': '{n} м', 'unit.km': '{n} км', 'time.now': 'щойно' }));
  it.each([[1, '1 стовпчик'], [3, '3 стовпчики'], [11, '11 стовпчиків'], [1.5, '1,5 стовпчика']])('choose the plural of %d', (n, want) => expect(t('bars', { n })).toBe(want));
  it('fill in names and leave unknown holes', () => expect(t('hello', {})).toBe('Вітаємо, {name}'));
  it('show a missing key as it is', () => expect(t('no.such')).toBe('no.such'));
  it('pick the page’s language, else English, else any', () => {
    expect([pick({ uk: 'так', en: 'yes' }), pick({ en: 'yes' }), pick({ fr: 'oui' }), pick(null, 'none')]).toEqual(['так', 'yes', 'oui', 'none']);
  });
  it.each([[12, '10 м'], [349, '350 м'], [2500, '2,5 км'], [15_400, '15 км'], [3, '3 м']])('write %d metres', (m, want) => expect(metres(m)).toBe(want));
  it('tell the time in the deployment’s zone', () => {
    useZone('Africa/Nairobi');
    expect(clock('2026-05-01T21:30:00Z')).toBe('00:30');
    useZone('no/such');
  });
  it('tell an age', () => {
    now.value = Date.UTC(2026, 4, 1, 12);
    expect(ago(Date.UTC(2026, 4, 1, 11, 59, 50))).toBe('щойно');
    expect(ago(Date.UTC(2026, 4, 1, 11, 30))).toContain('30');
  });
});

describe('calls', () => {
  afterEach(() => vi.unstubAllGlobals());
  const answer = (status: number, body: string) => vi.stubGlobal('fetch', vi.fn(() => Promise.resolve(new Response(body, { status }))));
  it('give the answer', async () => { answer(200, '{"a":1}'); expect(await get('/x')).toEqual({ a: 1 }); });
  it('take an empty answer', async () => { vi.stubGlobal('fetch', vi.fn(() => Promise.resolve(new Response(null, { status: 204 })))); expect(await post('/x')).toBeUndefined(); });
  it('turn a problem into one', async () => {
    answer(409, '{"code":"claimed","detail":"Somebody else holds this incident.","field":"id"}');
    await expect(get('/x')).rejects.toMatchObject({ status: 409, code: 'claimed', field: 'id', message: 'Somebody else holds this incident.' });
  });
  it('take a page of a proxy for a problem too', async () => { answer(502, '<html>'); await expect(get('/x')).rejects.toBeInstanceOf(Problem); });
  it('know a lost connection', async () => {
    vi.stubGlobal('fetch', vi.fn(() => Promise.reject(new TypeError('failed'))));
    await expect(get('/x')).rejects.toMatchObject({ status: 0, code: 'offline' });
  });
  it('write queries without what is empty', () => expect(withQuery('/x', { a: 'b c', n: 0, none: '', nil: null })).toBe('/x?a=b+c&n=0'));
});

it('throttles a burst into one call a period', () => {
  vi.useFakeTimers();
  const work = vi.fn();
  const soon = throttled(1000, work);
  for (let i = 0; i < 50; i++) soon();
  vi.advanceTimersByTime(1);
  expect(work).toHaveBeenCalledTimes(1);
  soon(); soon();
  vi.advanceTimersByTime(500);
  expect(work).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(600);
  expect(work).toHaveBeenCalledTimes(2);
  vi.useRealTimers();
});

it.each([[['volunteer'], '/desk'], [['responder'], '/ops'], [['coordinator'], '/ops'], [['admin'], '/admin'], [['admin', 'verifier'], '/desk'], [[], '/']])('%j start at %s', (roles, want) => expect(home(roles)).toBe(want));
