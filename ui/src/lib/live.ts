// The live stream: what the server tells, and whether it still tells.
import { signal } from '@preact/signals';

export type Link = 'connecting' | 'live' | 'lost';

export interface Live {
  /** Whether the stream is open. */
  readonly link: { readonly value: Link };
  /** When the server was last heard, in epoch milliseconds; 0 before that. */
  readonly heard: { readonly value: number };
  close(): void;
}

/** Opens a stream of named events. The browser resumes by Last-Event-ID; where
 * it gives up, we open anew with growing pauses. */
export function listen(path: string, events: Record<string, (data: unknown) => void>): Live {
  const link = signal<Link>('connecting');
  const heard = signal(0);
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let pause = 1000;
  let closed = false;

  const open = () => {
    source = new EventSource(path);
    source.onopen = () => { link.value = 'live'; heard.value = Date.now(); pause = 1000; };
    source.onerror = () => {
      if (closed) return;
      link.value = 'lost';
      if (source?.readyState === EventSource.CLOSED) {
        timer = setTimeout(open, pause);
        pause = Math.min(pause * 2, 30_000);
      }
    };
    for (const [name, handle] of Object.entries(events)) {
      source.addEventListener(name, (event) => {
        heard.value = Date.now();
        link.value = 'live';
        handle(parse((event as MessageEvent<string>).data));
      });
    }
  };
  open();
  return {
    link, heard,
    close() { closed = true; clearTimeout(timer); source?.close(); },
  };
}

function parse(text: string): unknown {
  try { return JSON.parse(text); } catch { return {}; }
}

/** Runs the work soon, but at most once a period however often it is asked for. */
export function throttled(period: number, work: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last = 0;
  return () => {
    if (timer !== undefined) return;
    timer = setTimeout(() => { timer = undefined; last = Date.now(); work(); }, Math.max(0, last + period - Date.now()));
  };
}
