import { describe, expect, it } from 'vitest';
import { faultsOf, filledIn, suggestName } from '../../components/channel';
import { choicesOf, soonOf, sorted, toldByHand } from '../../components/kinds';
import { Problem } from '../../lib/api';
import type { Channel, ChannelFare, ChannelKind } from '../../lib/types';
import { byFare, fareOf } from './health';
import { spoken } from './poster';

const now = Date.UTC(2026, 4, 1, 12);
const at = (minutesAgo: number) => new Date(now - minutesAgo * 60_000).toISOString();
const well: ChannelFare = { fault: '', running_since: null, problem: '', problem_at: null, last_received: at(5), silent: false, received: 3, refused: [], waiting: 0, oldest: null, sending: {} };
const channel = (health: Partial<ChannelFare> | null, more: Partial<Channel> = {}): Channel => (
  { id: 'x', name: 'x', kind: 'sms.twilio', hook_url: '', settings: {}, secrets: [], enabled: true, ...(health ? { health: { ...well, ...health } } : {}), ...more });

describe('how a channel fares', () => {
  const forged = { direction: 'in' as const, code: 'not_authentic', count: 3, last: at(1) };
  const deaf = { direction: 'out' as const, code: 'unreachable', count: 3, last: at(1) };
  it.each<[string, Channel]>([
    ['works', channel({})],
    ['ready', channel({ last_received: null })],
    ['starting', channel(null)],
    ['off', channel(null, { enabled: false })],
    ['silent', channel({ silent: true, last_received: at(3000) })],
    ['stopped', channel({ problem: 'wrong password', problem_at: at(1) })],
    ['works', channel({ problem: 'wrong password', problem_at: at(9), running_since: at(2) })],
    ['broken', channel({ fault: 'no such kind', silent: true })],
    ['refusing', channel({ refused: [forged] })],
    ['works', channel({ refused: [{ ...forged, last: at(9) }] })],
    ['works', channel({ refused: [{ ...forged, count: 1 }] })],
    ['works', channel({ refused: [{ ...forged, code: 'too_large' }] })],
    ['works', channel({ waiting: 9 })],
    ['aside', channel({ waiting: 10 })],
    ['unreached', channel({ refused: [deaf], running_since: at(60), last_received: null })],
    ['ready', channel({ refused: [{ ...deaf, last: at(60) }], running_since: at(90), last_received: null })],
  ])('%s', (want, one) => expect(fareOf(one, now)).toBe(want));
  it('puts the worst first, then goes by name', () => {
    const list = [channel({}, { name: 'b' }), channel({}, { name: 'a' }), channel(null, { enabled: false, name: 'c' }), channel({ fault: 'x' }, { name: 'z' })];
    expect(byFare(list).map((r) => r.channel.name)).toEqual(['z', 'a', 'b', 'c']);
  });
});

const kind = (name: string, more: Partial<ChannelKind> = {}): ChannelKind => ({ name, title: name, summary: '', signed: false, receives: true, runs: false, sends: true, tests: true, help: '', settings: [
  { key: 'api_key', help: 'The key.', required: true, secret: true, default: '', host: false }, { key: 'send_rate', help: '', required: false, secret: false, default: '60', host: true }], ...more });

describe('a channel’s form', () => {
  it('puts what the server says beside the setting that it names', () => {
    const said = new Problem(400, 'bad_value', 'api_key is missing: The key.\nsend_rate: write a whole number\nsomething else', 'channel');
    expect(faultsOf(said, kind('sms.x'))).toEqual({ api_key: 'channel.missing', send_rate: 'write a whole number', '': 'something else' });
  });
  it('says above it what names no setting', () => {
    expect(Object.keys(faultsOf(new Problem(0, 'offline', ''), kind('sms.x')))).toEqual(['']);
    expect(faultsOf(new Problem(400, 'bad_value', 'a name has letters', 'channel'), kind('sms.x'))).toEqual({ '': 'a name has letters' });
  });
  it('proposes a name that is free', () => expect(suggestName('sms.twilio', ['twilio', 'twilio-2'])).toBe('twilio-3'));
  it('sends only what was filled in', () => expect(filledIn({ kind: 'k', name: 'n', settings: { a: '1', b: '' } }).settings).toEqual({ a: '1' }));
  it('sorts kinds by how soon they are live, unknown ones under a day, without the app', () => {
    const groups = sorted(['app', 'sms.gateway', 'chat.whatsapp', 'pigeon', 'chat.telegram'].map((name) => kind(name)));
    expect([groups.minutes, groups.day, groups.weeks].map((list) => list.map((k) => k.name))).toEqual([['chat.telegram', 'sms.gateway'], ['pigeon'], ['chat.whatsapp']]);
    expect(soonOf('email.imap')).toBe('day');
  });
  it('knows choices by kind, and those that several kinds share', () => expect([choicesOf('chat.telegram', 'mode'), choicesOf('email.imap', 'lists'), choicesOf('sms.twilio', 'from')]).toEqual([['webhook', 'poll'], ['aside', 'take'], undefined]));
  it('asks for the address to be entered only where somebody has to', () => {
    expect([toldByHand(kind('sms.twilio'), {}), toldByHand(kind('chat.telegram'), {}), toldByHand(kind('twitter'), { mode: 'stream' }), toldByHand(kind('twitter'), { mode: 'webhook' }), toldByHand(kind('email.imap', { receives: false }), {})])
      .toEqual([true, false, false, true, false]);
  });
});

it.each([['https://map.example.org/report', 'map.example.org/report'], ['http://www.onyo.test/report', 'onyo.test/report']])('%s is said as %s', (address, want) => expect(spoken(address)).toBe(want));
