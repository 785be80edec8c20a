// The desk's state: the queue, the open card, the claim on it, and every act.
import { batch, computed, effect, signal } from '@preact/signals';
import { get, post, postNothing, Problem, put, remove, withQuery } from '../../lib/api';
import { listen, throttled, type Link } from '../../lib/live';
import type { Candidate, IncidentDetail, IncidentRow, Severity, ThreadRow, Verdict } from '../../lib/types';
import { complain, say } from '../../components/toast';
import { faultText } from '../../components/states';
import { t } from '../../lib/i18n';

export interface Batch { id: string; title: string; rows: number; sampled: number; sample: string[]; approvals: number }
interface Queue { incidents: IncidentRow[]; next: string | null; open: number }
interface Claimed { token: string; expires_at: string }

const queueSize = 200;
const base = '/api/v1/desk';
const at = (id: string, rest = '') => `${base}/incidents/${encodeURIComponent(id)}${rest}`;

export const rows = signal<IncidentRow[]>([]);
export const openCount = signal(0);
export const batches = signal<Batch[]>([]);
export const loaded = signal(false);
export const fault = signal<unknown>(null);
export const chosenId = signal<string | null>(null);
export const card = signal<IncidentDetail | null>(null);
export const cardFault = signal<unknown>(null);
export const claim = signal<(Claimed & { incident: string }) | null>(null);
/** What of the card is being worked on. */
export type Mode = 'read' | 'summary' | 'locate' | 'categories' | { verdict: Verdict };
export const mode = signal<Mode>('read');
export const busy = signal(false);
export const search = signal('');

export const chosenIndex = computed(() => rows.value.findIndex((r) => r.id === chosenId.value));
export const held = computed(() => claim.value !== null && claim.value.incident === chosenId.value);

/** Whether the desk hears of changes. */
export const link = signal<Link>('connecting');
let beat: ReturnType<typeof setTimeout> | undefined;

export async function loadQueue(): Promise<void> {
  try {
    const path = search.value.trim() ? withQuery(`${base}/incidents`, { q: search.value.trim(), limit: queueSize }) : withQuery(`${base}/queue`, { limit: queueSize });
    const queue = await get<Queue>(path);
    batch(() => {
      rows.value = queue.incidents;
      openCount.value = queue.open ?? queue.incidents.length;
      fault.value = null;
    });
  } catch (wrong) { fault.value = wrong; }
  loaded.value = true;
}

export async function loadBatches(): Promise<void> {
  try { batches.value = (await get<{ batches: Batch[] }>(`${base}/batches`)).batches; } catch { batches.value = []; }
}

export async function loadCard(): Promise<void> {
  const id = chosenId.value;
  if (!id) { card.value = null; return; }
  try {
    const found = await get<IncidentDetail>(at(id));
    if (chosenId.value !== id) return;
    batch(() => { card.value = found; cardFault.value = null; });
  } catch (wrong) {
    if (chosenId.value !== id) return;
    batch(() => { card.value = null; cardFault.value = wrong; });
  }
}

export function follow(): void {
  const queueSoon = throttled(700, () => void loadQueue());
  const cardSoon = throttled(400, () => void loadCard());
  const touched = () => { queueSoon(); cardSoon(); };
  const live = listen(`${base}/live`, { queue: touched, claim: touched, resync: touched, heartbeat: () => { /* heard */ } });
  effect(() => { link.value = live.link.value; });
  effect(lookAgain);
}

/** When to look again at a conversation whose answers are under way, in
 * milliseconds; 0 is never. The stream does not tell how far a message got. */
export function nextLook(thread: Pick<ThreadRow, 'direction' | 'state' | 'at' | 'state_at'>[], now: number): number {
  const waits = thread.filter((row) => row.direction === 'out').map((row) => {
    const age = now - new Date(row.state_at ?? row.at).getTime();
    if (row.state === 'queued' || row.state === 'handed') return age < 600_000 ? 2500 : 15_000;
    if (row.state !== 'sent' || age > 600_000) return Infinity;
    return age < 120_000 ? 3000 : 10_000;
  });
  const soonest = Math.min(Infinity, ...waits);
  return soonest === Infinity ? 0 : soonest;
}

let look: ReturnType<typeof setTimeout> | undefined;

function lookAgain(): void {
  const shown = card.value;
  clearTimeout(look);
  const wait = nextLook(shown?.thread ?? [], Date.now());
  if (!shown || !wait) return;
  look = setTimeout(() => {
    if (document.visibilityState !== 'visible') { lookAgain(); return; }
    get<IncidentDetail>(at(shown.id)).then((found) => { if (card.value === shown) card.value = found; }, () => { if (card.value === shown) lookAgain(); });
  }, wait);
}

/** Looks at a card without claiming it. */
export function choose(id: string | null): void {
  if (id === chosenId.value) return;
  void letGo();
  batch(() => { chosenId.value = id; mode.value = 'read'; card.value = null; cardFault.value = null; });
  void loadCard();
}

export function step(by: number): void {
  const list = rows.value;
  if (!list.length) return;
  const now = chosenIndex.value;
  // A card that has left the queue is followed by the first that waits.
  choose(list[now < 0 ? 0 : Math.max(0, Math.min(list.length - 1, now + by))]!.id);
}

async function guarded(work: () => Promise<void>): Promise<boolean> {
  if (busy.value) return false;
  busy.value = true;
  try {
    await work();
    return true;
  } catch (wrong) {
    if (wrong instanceof Problem && wrong.status === 409) { complain(wrong.message || t('desk.stale')); await loadCard(); } else complain(faultText(wrong));
    return false;
  } finally { busy.value = false; }
}

/** Claims the open card and keeps the claim alive until it ends. */
export async function take(): Promise<boolean> {
  const id = chosenId.value;
  if (!id) return false;
  if (held.value) return true;
  return guarded(async () => {
    const got = await postNothing<Claimed>(at(id, '/claim'));
    claim.value = { ...got, incident: id };
    keepAlive();
  });
}

function keepAlive(): void {
  clearTimeout(beat);
  const mine = claim.value;
  if (!mine) return;
  const left = new Date(mine.expires_at).getTime() - Date.now();
  beat = setTimeout(() => {
    post<{ expires_at: string }>(at(mine.incident, '/claim/heartbeat'), { token: mine.token }).then(({ expires_at }) => {
      if (claim.value?.token !== mine.token) return;
      claim.value = { ...mine, expires_at };
      keepAlive();
    }, () => {
      if (claim.value?.token !== mine.token) return;
      claim.value = null;
      complain(t('desk.claim.lost'));
    });
  }, Math.max(2000, left / 3));
}

/** Gives a claim back, so that others can take the card. */
export async function letGo(): Promise<void> {
  clearTimeout(beat);
  const mine = claim.value;
  claim.value = null;
  if (mine) await remove(at(mine.incident, '/claim'), { token: mine.token }).catch(() => { /* it runs out by itself */ });
}

/** What a write carries: the claim, where there is one, and the version seen. */
function guard(): { claim_token?: string; version: number } {
  const version = card.value?.version ?? 0;
  return claim.value ? { claim_token: claim.value.token, version } : { version };
}

export interface Assessment { verdict: Verdict; credibility: number; reliability: string; reason: string; evidence: { kind: 'link' | 'note'; url: string; note: string }[]; summary?: { text: string; language: string } }

/** One decision; the next card opens by itself, claimed. */
export async function assess(made: Assessment): Promise<void> {
  if (!await take()) return;
  const id = chosenId.value!;
  const index = chosenIndex.value;
  const done = await guarded(async () => { await post(at(id, '/assessments'), { ...guard(), ...made }); });
  if (!done) return;
  clearTimeout(beat);
  batch(() => {
    claim.value = null;
    mode.value = 'read';
    rows.value = rows.value.filter((r) => r.id !== id);
    openCount.value = Math.max(0, openCount.value - 1);
  });
  say(t(`desk.said.${made.verdict}`), () => void undo(id));
  const next = rows.value[Math.min(Math.max(index, 0), rows.value.length - 1)];
  choose(next?.id ?? null);
  if (next) await take();
  void loadQueue();
}

export async function undo(id: string): Promise<void> {
  const done = await guarded(async () => { await post(at(id, '/undo'), {}); });
  if (!done) return;
  say(t('desk.undone'));
  await loadQueue();
  choose(id);
}

async function change(what: string, body: object, told: string): Promise<void> {
  if (!await take()) return;
  const id = chosenId.value!;
  const done = await guarded(async () => { await put(at(id, what), { ...guard(), ...body }); });
  if (!done) return;
  mode.value = 'read';
  say(told, () => void undo(id));
  await Promise.all([loadCard(), loadQueue()]);
}

export const locate = (c: Pick<Candidate, 'lon' | 'lat' | 'uncertainty_m'>, reason: string) =>
  change('/location', { lon: c.lon, lat: c.lat, uncertainty_m: c.uncertainty_m, reason }, t('desk.located'));
export const categorise = (categories: string[], severity?: Severity) =>
  change('/categories', { categories, ...(severity ? { severity } : {}) }, t('desk.categorised'));
export const summarise = (text: string, language: string) => change('/summary', { text, language }, t('desk.summarised'));

/** Says that it is over, or that it still happens after all. */
export function togglePhase(): void {
  const ending = card.value?.phase !== 'over';
  void change('/phase', { phase: ending ? 'over' : 'ongoing', reason: t(ending ? 'desk.over' : 'desk.ongoing') }, t('desk.phased'));
}

/** The open card's reports join another incident. */
export async function mergeInto(into: string): Promise<void> {
  if (!await take()) return;
  const id = chosenId.value!;
  const done = await guarded(async () => { await post(`${base}/merge`, { into, incidents: [id], ...guard() }); });
  if (!done) return;
  claim.value = null;
  say(t('desk.merged'), () => void undo(id));
  await loadQueue();
  choose(into);
}

export async function split(reports: string[]): Promise<void> {
  if (!await take()) return;
  const id = chosenId.value!;
  const done = await guarded(async () => { await post(`${base}/split`, { incident: id, reports, ...guard() }); });
  if (!done) return;
  say(t('desk.split'), () => void undo(id));
  await Promise.all([loadCard(), loadQueue()]);
}

/** Queues an answer to whoever is behind a report. It is not sent yet. */
export async function answer(report: string, text: string): Promise<boolean> {
  const id = chosenId.value;
  if (!id) return false;
  return guarded(async () => {
    const row = await post<ThreadRow>(at(id, '/messages'), { report, text });
    // The stream may have brought it already.
    const shown = card.value;
    if (shown?.id === id && !shown.thread.some((known) => known.id === row.id)) card.value = { ...shown, thread: [...shown.thread, row] };
    say(t('thread.queued'));
  });
}

export interface OnBehalf { text: string; location?: { words: string } | { lon: number; lat: number; accuracy_m: number }; occurred_at?: string; categories?: string[]; language?: string; contact?: string }

export async function enterReport(report: OnBehalf): Promise<string | null> {
  let answer: string | null = null;
  await guarded(async () => { answer = (await post<{ receipt: string }>(`${base}/reports`, report)).receipt; });
  if (answer) void loadQueue();
  return answer;
}

export async function assessBatch(id: string, verdict: Verdict, reason: string): Promise<void> {
  const done = await guarded(async () => { await post(`${base}/batches/${encodeURIComponent(id)}/assess`, { verdict, reason }); });
  if (!done) return;
  say(t('desk.batch.said'));
  await Promise.all([loadBatches(), loadQueue()]);
}
