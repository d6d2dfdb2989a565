// What the story asks of a node, and what a node reports: plain messages between a process and its child.

export interface Orders {
  /** Tells the counter at `address` to add 1, `times` times, then asks it for its total. */
  count: { order: { address: string; times: number }; result: { total: number; elapsedMs: number } };
  /** Asks the counter at `address` for its total, `times` times, one after the other. */
  measure: { order: { address: string; times: number }; result: { p50Us: number; p99Us: number } };
  /** Watches the actor at `address`; a `terminated` report comes when it is gone. */
  watch: { order: { address: string }; result: Record<string, never> };
  /** Leaves the cluster and ends the process. */
  leave: { order: Record<string, never>; result: Record<string, never> };
}

export type Order = {
  [K in keyof Orders]: { id: number; name: K; order: Orders[K]['order'] };
}[keyof Orders];

export type Report =
  | { kind: 'running'; address: string; incarnation: number }
  | { kind: 'member'; event: string; nodeId: string; incarnation: number; members: number }
  | { kind: 'terminated'; address: string }
  | { kind: 'done'; id: number; result: unknown }
  | { kind: 'failed'; id: number; reason: string };
