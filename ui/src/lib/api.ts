// Every call to the server. Errors are the server's problems (RFC 9457), whose
// detail says what to do.
export class Problem extends Error {
  constructor(readonly status: number, readonly code: string, detail: string, readonly field = '', readonly extra: Record<string, unknown> = {}) {
    super(detail);
  }
}

type Options = { body?: unknown; signal?: AbortSignal | undefined; headers?: Record<string, string> };

async function call<T>(method: string, path: string, { body, signal, headers }: Options = {}): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, {
      method, credentials: 'same-origin', signal: signal ?? null,
      headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      body: body === undefined ? null : JSON.stringify(body),
    });
  } catch (fault) {
    if (fault instanceof DOMException && fault.name === 'AbortError') throw fault;
    throw new Problem(0, 'offline', '');
  }
  const text = await response.text();
  let answer: unknown;
  try { answer = text ? JSON.parse(text) : undefined; } catch { answer = undefined; }
  if (!response.ok) {
    const { code, detail, title, field, ...extra } = (answer ?? {}) as Record<string, string>;
    throw new Problem(response.status, code ?? 'unknown', detail ?? title ?? response.statusText, field, extra);
  }
  return answer as T;
}

export const get = <T>(path: string, options?: Options) => call<T>('GET', path, options);
export const post = <T>(path: string, body: unknown = {}, options?: Options) => call<T>('POST', path, { ...options, body });
export const postNothing = <T>(path: string) => call<T>('POST', path);
export const put = <T>(path: string, body: unknown) => call<T>('PUT', path, { body });
export const patch = <T>(path: string, body: unknown) => call<T>('PATCH', path, { body });
export const remove = <T>(path: string, body?: unknown) => call<T>('DELETE', path, { body });

/** An address with its query; empty values are left out. */
export function withQuery(path: string, query: Record<string, string | number | null | undefined>): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') search.set(key, String(value));
  }
  const text = search.toString();
  return text ? `${path}?${text}` : path;
}

export const aborted = (fault: unknown) => fault instanceof DOMException && fault.name === 'AbortError';
