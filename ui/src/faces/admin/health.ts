// How a channel fares, in one word.
import type { Channel } from '../../lib/types';

export type Fare = 'broken' | 'stopped' | 'silent' | 'refusing' | 'unreached' | 'aside' | 'ready' | 'starting' | 'works' | 'off';
/** The worst first: that is what somebody woken at night looks for. */
const order: Fare[] = ['broken', 'stopped', 'unreached', 'refusing', 'aside', 'silent', 'works', 'ready', 'starting', 'off'];
export const troubled = (fare: Fare) => order.indexOf(fare) <= order.indexOf('silent');

/** So many messages set aside are no longer single odd ones. */
const many = 10;

export function fareOf(channel: Channel, now = Date.now()): Fare {
  const health = channel.health;
  if (!channel.enabled) return 'off';
  if (!health) return 'starting';
  if (health.fault) return 'broken';
  if (health.problem && !health.running_since) return 'stopped';
  if (unreached(channel, now)) return 'unreached';
  if (refusing(channel)) return 'refusing';
  if (health.waiting >= many) return 'aside';
  if (health.silent) return 'silent';
  return health.last_received ? 'works' : 'ready';
}

/** Whether requests came that do not prove where they come from, and nothing good
 * since: a wrong secret looks like this, and so does somebody who tries the door. */
function refusing({ health }: Channel): boolean {
  const last = health!.last_received;
  return health!.refused.some((r) => r.direction === 'in' && r.code === 'not_authentic' && r.count > 1 && (!last || r.last > last));
}

/** Whether a channel that fetches has not got through to its provider lately. */
function unreached({ health }: Channel, now: number): boolean {
  const last = health!.last_received;
  return health!.running_since !== null && health!.refused.some((r) => r.direction === 'out' && r.code === 'unreachable' && r.count > 1 && (!last || r.last > last) && now - new Date(r.last).getTime() < 600_000);
}

export function byFare(channels: Channel[]): { channel: Channel; fare: Fare }[] {
  return channels.map((channel) => ({ channel, fare: fareOf(channel) }))
    .sort((a, b) => order.indexOf(a.fare) - order.indexOf(b.fare) || (a.channel.name < b.channel.name ? -1 : 1));
}
