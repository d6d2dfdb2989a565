// The messages of the local workloads: eight kinds of actor, each with a message of its own shape and a handler of its
// own. One kind alone is what V8 inlines best and what no real program has; with all eight in one process, every
// call and every property that a framework touches on the way has seen more shapes than an inline cache remembers.

/** What an actor holds: told an amount, it does its part of the workload and answers with a number. */
export interface State {
  receive(amount: number): number;
}

/** What every contender's handler is called with, so that all of them run the same functions. */
export interface Context {
  readonly state: State;
}

export interface Message {
  readonly amount?: number;
}

export interface Kind {
  readonly name: string;
  readonly make: (index: number) => Message;
  readonly handle: (context: Context, message: Message) => number;
}

/** Ties a message's type to its handler; outside, a kind is used without knowing the type. */
function kind<M extends object>(
  name: string,
  make: (index: number) => M,
  handle: (context: Context, message: M) => number,
): Kind {
  return { name, make, handle: handle as Kind['handle'] };
}

/** The first is the one that the goals speak of: two small fields. */
export const kinds: readonly [Kind, ...Kind[]] = [
  kind(
    'counter',
    (index) => ({ key: index, amount: 1 }),
    (context, message) => context.state.receive(message.amount),
  ),
  kind(
    'cart',
    (index) => ({ sku: 'book', quantity: 1, price: index }),
    (context, { quantity, sku }) => context.state.receive(sku === '' ? 0 : quantity),
  ),
  kind(
    'meter',
    (index) => ({ at: index + 0.5, reading: 1, unit: 'kWh', isEstimate: false }),
    (context, { isEstimate, reading }) => context.state.receive(isEstimate ? 0 : reading),
  ),
  kind(
    'ledger',
    (index) => ({ from: 'a', to: 'b', entry: { cents: 1, number: index } }),
    (context, message) => context.state.receive(message.entry.cents),
  ),
  kind(
    'vote',
    () => ({ isFor: true }),
    (context, { isFor }) => context.state.receive(isFor ? 1 : 0),
  ),
  kind(
    'position',
    (index) => ({ x: index, y: index + 1, z: index + 2, steps: 1, by: 'player' }),
    (context, { steps }) => context.state.receive(steps),
  ),
  kind(
    'batch',
    () => ({ items: [1] }),
    (context, { items }) => context.state.receive(items.length),
  ),
  kind(
    'note',
    (index) => ({ text: 'x', version: index }),
    (context, { text }) => context.state.receive(text.length),
  ),
];
