import { describe, expect, it } from 'vitest';
import { risks } from './editors';
import type { Report, ThreadRow } from '../../lib/types';
import { useWords } from '../../lib/i18n';
import { highlight } from './highlight';
import { nextLook } from './state';
import { answerable, conversations, stateText } from './thread';
import { startingCredibility } from './verdict';

describe('highlighted words', () => {
  const text = 'Maji yamejaa Mathare karibu na daraja la Juja Road';
  it('cut the text without losing a letter', () => {
    const pieces = highlight(text, [{ text: 'Juja Road', why: 'street' }, { text: 'Mathare', why: 'place' }, { text: 'not there', why: '' }, { text: '', why: 'x' }]);
    expect(pieces.map((p) => p.text).join('')).toBe(text);
    expect(pieces.filter((p) => p.why).map((p) => p.text)).toEqual(['Mathare', 'Juja Road']);
  });
  it('do not overlap', () => {
    expect(highlight('Juja Road', [{ text: 'Juja Road', why: 'a' }, { text: 'Road', why: 'b' }])).toEqual([{ text: 'Juja Road', why: 'a' }]);
  });
  it('leave a text without words whole', () => expect(highlight(text, [])).toEqual([{ text }]));
});

describe('what could give somebody away', () => {
  it.each([
    ['Water over the road at the market', []],
    ['Call +254 700 000 001', ['phone']],
    ['Write to amina@example.org', ['email']],
    ['At -1.2921, 36.8219', ['coordinates']],
    ['White car KBA 123A stuck', ['plate']],
    ['3 people, 2 metres of water since 14:30', []],
  ])('%s', (text, want) => expect(risks(text)).toEqual(want));
});

it('starts credibility from what the verdict says', () => {
  expect([startingCredibility('approve', 1), startingCredibility('approve', 3), startingCredibility('doubt', 9), startingCredibility('refute', 0), startingCredibility('cannot_determine', 5)]).toEqual([2, 1, 4, 5, 6]);
});

describe('the conversation', () => {
  const report = (id: string, source: string | null, cannot: Report['cannot_reply'] = '', received = '2026-05-01T12:00:00Z') => (
    { id, source: source ? { id: source, pseudonym: source, reliability: 'F' } : null, cannot_reply: cannot, received_at: received } as Report);
  const row = (id: string, of: string, more: Partial<ThreadRow> = {}): ThreadRow => ({ id, report: of, direction: 'in', text: '', at: '2026-05-01T12:00:00Z', state: 'received', ...more });
  it('is one for each source, those without one apart', () => {
    const talks = conversations({ reports: [report('a', 's1'), report('b', 's2'), report('c', 's1'), report('d', null)], thread: [row('1', 'a'), row('2', 'b'), row('3', 'c'), row('4', 'd'), row('5', 'gone')] });
    expect(talks.map((talk) => talk.rows.map((r) => r.id))).toEqual([['1', '3'], ['2'], ['4']]);
  });
  it('answers the newest report that can be answered', () => {
    expect(answerable([report('a', 's', '', '2026-05-01T10:00:00Z'), report('b', 's', '', '2026-05-01T11:00:00Z'), report('c', 's', 'opted_out', '2026-05-01T12:00:00Z')])?.id).toBe('b');
    expect(answerable([report('a', 's', 'replies_off')])).toBeUndefined();
  });
  it('never calls sent what only waits', () => {
    useWords('en', { 'thread.state.queued': 'Queued, not sent yet', 'thread.state.again': 'Not sent yet: {code}', 'thread.state.handed': 'Handed over, not sent yet', 'thread.state.failed': 'Failed', 'thread.state.sent': 'Sent' });
    expect([stateText({ state: 'queued' }), stateText({ state: 'queued', code: '429' }), stateText({ state: 'handed' }), stateText({ state: 'sent' }), stateText({ state: 'failed', code: '21610' })])
      .toEqual(['Queued, not sent yet', 'Not sent yet: 429', 'Handed over, not sent yet', 'Sent', 'Failed: 21610']);
  });
  it('is looked at again while an answer is under way, ever more seldom', () => {
    const now = Date.parse('2026-05-01T12:00:00Z');
    const out = (state: ThreadRow['state'], secondsAgo: number) => row('x', 'a', { direction: 'out', state, state_at: new Date(now - secondsAgo * 1000).toISOString() });
    expect([nextLook([], now), nextLook([row('1', 'a')], now), nextLook([out('delivered', 1)], now), nextLook([out('failed', 1)], now), nextLook([out('sent', 3600)], now)]).toEqual([0, 0, 0, 0, 0]);
    expect([nextLook([out('queued', 1)], now), nextLook([out('queued', 3600)], now), nextLook([out('sent', 5)], now), nextLook([out('sent', 300), out('handed', 2)], now)]).toEqual([2500, 15_000, 3000, 2500]);
  });
});
