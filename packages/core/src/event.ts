// What happens to the actors of a system, for people, metrics and tests. Messages are not events.

/** Why an actor ends, as `onStop` and `stopped` events tell it. */
export type StopReason =
  /** Somebody stopped it: itself, its parent's handler, or `system.stopActor`. */
  | { readonly kind: 'stopped' }
  /** Its parent stops or restarts. */
  | { readonly kind: 'parent-stopped' }
  | { readonly kind: 'system-stopped' }
  /** It failed, and its supervision says stop or escalate, or its budget of restarts is spent. */
  | { readonly kind: 'failed'; readonly error: unknown }
  /** Its state ends but it does not: it comes back with a new one. */
  | { readonly kind: 'restarting'; readonly error: unknown };

export type SystemEvent =
  | { readonly kind: 'started'; readonly actor: string; readonly uid: number }
  | { readonly kind: 'stopped'; readonly actor: string; readonly uid: number; readonly reason: StopReason }
  | {
      readonly kind: 'failed';
      readonly actor: string;
      readonly uid: number;
      readonly error: unknown;
      /** What its supervision decided. */
      readonly decision: 'restart' | 'resume' | 'stop' | 'escalate';
    }
  | { readonly kind: 'restarted'; readonly actor: string; readonly uid: number };
