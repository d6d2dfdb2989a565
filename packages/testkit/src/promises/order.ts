// G1: what one sender sends to one receiver arrives in the order sent, and the values of a stream come in theirs.

import type { History } from '../history.ts';
import type { Violation } from './violation.ts';

export function checkOrder(history: History): readonly Violation[] {
  return [...ofMessages(history), ...ofStreams(history)];
}

function ofMessages(history: History): readonly Violation[] {
  const violations: Violation[] = [];
  const sent = new Map<number, { readonly sender: string; readonly place: number }>();
  const last = new Map<string, number>();
  for (const [place, seen] of history.entries()) {
    // A stream's handler runs beside the others, so the place of its first line says nothing.
    if (seen.kind === 'sent' && seen.what !== 'stream') sent.set(seen.id, { sender: seen.sender, place });
    if (seen.kind !== 'received') continue;
    const message = sent.get(seen.id);
    if (message === undefined) continue;
    const pair = `${message.sender} → ${seen.by}`;
    const before = last.get(pair) ?? -1;
    if (message.place < before) {
      const text = `${pair}: message ${seen.id} arrived at ${seen.atMs} ms, after one that was sent later.`;
      violations.push({ promise: 'G1', text });
    } else last.set(pair, message.place);
  }
  return violations;
}

function ofStreams(history: History): readonly Violation[] {
  const violations: Violation[] = [];
  const streams = new Map<number, { readonly to: number; next: number }>();
  for (const seen of history) {
    if (seen.kind === 'opened') streams.set(seen.id, { to: seen.to, next: 1 });
    const stream = 'id' in seen ? streams.get(seen.id) : undefined;
    if (stream === undefined) continue;
    if (seen.kind === 'item') {
      if (seen.value !== stream.next) {
        const text = `Stream ${seen.id} gave ${seen.value} at ${seen.atMs} ms where ${stream.next} was due.`;
        violations.push({ promise: 'G1', text });
      }
      stream.next = seen.value + 1;
    }
    if (seen.kind === 'settled' && seen.how === 'value' && stream.next !== stream.to + 1) {
      const text = `Stream ${seen.id} ended in order at ${seen.atMs} ms after ${stream.next - 1} of ${stream.to} values.`;
      violations.push({ promise: 'G1', text });
    }
  }
  return violations;
}
