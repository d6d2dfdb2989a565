// What a framework must be able to do to take part in the local workloads. Each contender runs in a process of its own.
import type { Kind, Message, State } from './kinds.ts';

export interface LocalContender<Ref = unknown> {
  /** Starts one actor per state. All of them can be told something when it returns, or when its promise resolves. */
  spawn(kind: Kind, states: readonly State[]): readonly Ref[] | Promise<readonly Ref[]>;
  tell(ref: Ref, message: Message): void;
  ask(ref: Ref, message: Message): Promise<number>;
  /** Ends every actor, so that the next round finds the process as the first did. */
  clear(): Promise<void>;
}
