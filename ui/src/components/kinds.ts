// What a form can know of a channel's settings beyond what its kind says: how
// soon it is live, which values there are, what takes several lines. Only for
// comfort: the server checks every value, and a kind that is missing here works.
import type { ChannelKind } from '../lib/types';

export type Soon = 'minutes' | 'day' | 'weeks';
export const soons: Soon[] = ['minutes', 'day', 'weeks'];

const soonest: Record<string, Soon> = {
  'chat.telegram': 'minutes', 'sms.gateway': 'minutes', 'social.bluesky': 'minutes', 'social.mastodon': 'minutes', 'social.feed': 'minutes',
  'chat.whatsapp': 'weeks', 'sms.africastalking-ussd': 'weeks',
};

/** How soon a channel of this kind is live, mostly for what its provider asks. */
export const soonOf = (kind: string): Soon => soonest[kind] ?? 'day';

/** The kinds that can be added, by how soon they are live. The app's channel is
 * there from the first start. */
export function sorted(kinds: ChannelKind[]): Record<Soon, ChannelKind[]> {
  const out: Record<Soon, ChannelKind[]> = { minutes: [], day: [], weeks: [] };
  for (const kind of kinds) if (kind.name !== 'app') out[soonOf(kind.name)].push(kind);
  const rank = (kind: ChannelKind) => Object.keys(soonest).indexOf(kind.name);
  out.minutes.sort((a, b) => rank(a) - rank(b));
  return out;
}

/** Whether somebody has to enter the channel's address at its provider. */
export function toldByHand(kind: ChannelKind, settings: Record<string, string>): boolean {
  if (kind.name === 'chat.telegram') return false; // Onyo tells Telegram itself
  if (kind.name === 'twitter') return settings['mode'] === 'webhook';
  return kind.receives && kind.name !== 'app';
}

const icons: [string, string][] = [['sms.gateway', 'phone'], ['sms.africastalking-ussd', 'keyboard'], ['sms', 'note'], ['email', 'mail'], ['chat', 'send'], ['app', 'list'], ['social', 'share'], ['twitter', 'share']];
export const kindIcon = (kind: string) => icons.find(([start]) => kind.startsWith(start))?.[1] ?? 'channel';

const choices: Record<string, string[]> = {
  'sms.twilio/pull': ['after-outage', 'always', 'off'],
  'sms.africastalking/pull': ['off', 'always'],
  'sms.vonage/signature_method': ['md5hash', 'md5', 'sha1', 'sha256', 'sha512'],
  'sms.gateway/preset': ['smssync', 'httpsms', 'frontlinesms', 'kannel', 'jasmin', 'custom'],
  'chat.telegram/mode': ['webhook', 'poll'],
  'twitter/mode': ['stream', 'search', 'webhook'],
  'email.imap/tls': ['tls', 'starttls', 'none'],
  'email.imap/after': ['keep', 'seen'],
  '/smtp_tls': ['tls', 'starttls', 'none'],
  '/lists': ['aside', 'take'],
  '/reply_tag': ['no', 'yes'],
  '/acknowledge': ['off', 'on', 'card'],
};

/** The values that a setting may have, where there are few. */
export const choicesOf = (kind: string, key: string) => choices[`${kind}/${key}`] ?? choices[`/${key}`];

const files = ['form', 'ca', 'smtp_ca'];
/** Whether a value is a file's content. */
export const isFile = (key: string) => files.includes(key);
/** Whether a value has lines. */
export const isLong = (key: string) => key === 'rules' || isFile(key);
