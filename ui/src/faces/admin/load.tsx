import { useCallback, useEffect, useState } from 'preact/hooks';
import { Fault, Skeleton } from '../../components/states';
import { get } from '../../lib/api';

export interface Answer<T> { value: T | null; fault: unknown; waiting: preact.ComponentChild; reload: () => void; set: (v: T) => void }

/** Reads one answer; the caller shows it once it is there. */
export function useAnswer<T>(path: string): Answer<T> {
  const [value, set] = useState<T | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const reload = useCallback(() => { get<T>(path).then((v) => { set(v); setFault(null); }, setFault); }, [path]);
  useEffect(reload, [reload]);
  return { value, fault, reload, set, waiting: fault ? <Fault fault={fault} retry={reload} /> : <Skeleton /> };
}
