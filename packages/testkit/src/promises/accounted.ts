// G8: every message is processed, or a dead letter, or reported as unknown to its sender; and what is said to have been
// lost did not run. Only a process that is killed may take messages with it.

import type { SystemStats } from '@actor/core';
import { type History, nodeOf, type ProcessId, type Recorded } from '../history.ts';
import type { Violation } from './violation.ts';

interface Message {
  readonly sent: Recorded & { readonly kind: 'sent' };
  received: boolean;
  processed: boolean;
  /** Reasons of dead letters that say for certain that it did not run. */
  readonly lost: string[];
  reported: boolean;
}

export function checkAccounted(history: History): readonly Violation[] {
  const messages = new Map<number, Message>();
  const crashes: (Recorded & { readonly kind: 'process-crashed' })[] = [];
  for (const seen of history) {
    if (seen.kind === 'process-crashed') crashes.push(seen);
    if (seen.kind === 'sent') {
      messages.set(seen.id, { sent: seen, received: false, processed: false, lost: [], reported: false });
    } else if ('id' in seen) note(messages.get(seen.id), seen);
  }
  const mayHaveTaken = ({ sent }: Message): boolean =>
    crashes.some(
      ({ process, atMs }) =>
        atMs >= sent.atMs && (process === sent.process || nodeOf(process) === nodeOfReceiver(sent.receiver)),
    );
  const violations: Violation[] = [];
  for (const [id, message] of messages) {
    const fault = faultOf(message, mayHaveTaken(message));
    if (fault === undefined) continue;
    const { what, sender, receiver, atMs } = message.sent;
    violations.push({
      promise: 'G8',
      text: `The ${what} ${id} from ${sender} to ${receiver}, sent at ${atMs} ms, ${fault}.`,
    });
  }
  return violations;
}

function note(message: Message | undefined, seen: Recorded): void {
  if (message === undefined) return;
  if (seen.kind === 'received') message.received = true;
  if (seen.kind === 'processed') message.processed = true;
  if (seen.kind === 'dead-letter') {
    if (seen.isUnknown) message.reported = true;
    else message.lost.push(`${seen.reason} at ${seen.process}`);
  }
  if (seen.kind !== 'settled' || seen.how === 'value') return;
  message.reported = true;
  if (seen.outcome === 'none' && seen.code !== undefined) message.lost.push(`${seen.code} to its sender`);
}

function faultOf({ received, processed, lost, reported }: Message, isExcused: boolean): string | undefined {
  const letters = lost.filter((reason) => reason.includes(' at '));
  if (received && lost.length > 0) return `ran, but is reported as lost: ${lost.join(', ')}`;
  if (letters.length > 1) return `is lost more than once: ${letters.join(', ')}`;
  if (processed || reported || lost.length > 0 || isExcused) return undefined;
  return received ? 'began to run and did not end, and nobody says so' : 'has vanished without a word';
}

function nodeOfReceiver(receiver: string): string {
  return receiver.slice(0, receiver.indexOf('/'));
}

/** The counters of all processes that there ever were, when nothing is under way. */
export function checkCounters(
  counters: ReadonlyMap<ProcessId, SystemStats>,
  hasCrashes: boolean,
): readonly Violation[] {
  let [sent, known, unknown] = [0, 0, 0];
  for (const stats of counters.values()) {
    sent += stats.sent;
    known += stats.processed + stats.deadLettered;
    unknown += stats.reportedUnknown;
  }
  const sum = `${sent} sent, ${known} processed or dead-lettered, ${unknown} reported unknown`;
  if (known > sent) return [{ promise: 'G8', text: `Counters: ${sum}: something is counted twice.` }];
  if (known + unknown >= sent || hasCrashes) return [];
  return [{ promise: 'G8', text: `Counters: ${sum}: ${sent - known - unknown} have vanished.` }];
}
