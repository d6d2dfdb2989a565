// The messages between two processes: eight kinds, each with fields of its own. A message has about 100 bytes.

export interface Message {
  readonly id: number;
}

export interface Kind {
  readonly name: string;
  readonly make: (id: number) => Message;
  /** What a receiver answers with: the message's id, read beside another field, so that it has been decoded. */
  readonly read: (message: Message) => number;
}

function kind<M extends Message>(name: string, make: (id: number) => M, read: (message: M) => number): Kind {
  return { name, make, read: read as Kind['read'] };
}

/** The first is the one that the goals speak of: six fields. */
export const kinds: readonly [Kind, ...Kind[]] = [
  kind(
    'order',
    (id) => ({
      id,
      user: 'user-4711',
      action: 'checkout',
      amount: 12.5,
      at: 1_764_000_000_000,
      note: 'leave it at the door of the neighbour',
    }),
    ({ amount, id }) => (amount > 0 ? id : 0),
  ),
  kind(
    'reading',
    (id) => ({ id, sensor: 'boiler-7/inlet', celsius: 61.25, at: 1_764_000_000_000, isEstimate: false }),
    ({ celsius, id }) => (celsius > 0 ? id : 0),
  ),
  kind(
    'transfer',
    (id) => ({
      id,
      from: 'DE02120300000000202051',
      to: 'DE02500105170137075030',
      cents: 1_999,
      memo: 'rent',
    }),
    ({ cents, id }) => (cents > 0 ? id : 0),
  ),
  kind(
    'position',
    (id) => ({ id, x: 1.5, y: -2.25, z: 1_024, heading: 271, speed: 13.75, vehicle: 'truck-0815' }),
    ({ id, speed }) => (speed > 0 ? id : 0),
  ),
  kind(
    'line',
    (id) => ({
      id,
      room: 'general',
      text: 'a line of talk that somebody has typed in a hurry',
      mentions: [3, 9],
    }),
    ({ id, text }) => (text.length > 0 ? id : 0),
  ),
  kind(
    'stock',
    (id) => ({ id, sku: 'book-9780262510875', delta: -1, warehouse: { city: 'Leipzig', shelf: 42 } }),
    ({ delta, id }) => (delta < 0 ? id : 0),
  ),
  kind(
    'login',
    (id) => ({
      id,
      name: 'ada',
      agent: 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0',
      hasSecondFactor: true,
    }),
    ({ hasSecondFactor, id }) => (hasSecondFactor ? id : 0),
  ),
  kind(
    'vote',
    (id) => ({
      id,
      poll: 'where shall we meet?',
      choice: 'under the clock',
      weight: 1,
      voter: 'member-31337',
    }),
    ({ id, weight }) => (weight > 0 ? id : 0),
  ),
];
