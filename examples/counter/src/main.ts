// The demo: three processes on this machine form a cluster, work, lose a member, notice, and take it back.

import { randomBytes } from 'node:crypto';
import { NodeProcess } from './node-process.ts';

const tells = 5_000;
const asks = 2_000;
const startedMs = performance.now();
const nodes = new Set<NodeProcess>();
const secret = randomBytes(32).toString('base64');

function say(text: string, atMs = performance.now()): void {
  process.stdout.write(`${((atMs - startedMs) / 1_000).toFixed(2).padStart(7)} s  ${text}\n`);
}

function heading(text: string): void {
  process.stdout.write(`\n           ${text}\n`);
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(2)} s`;

async function startNode(name: string, port: number, seeds: readonly string[]): Promise<NodeProcess> {
  const node = new NodeProcess({ name, port, seeds, secret });
  nodes.add(node);
  const { incarnation } = await node.running();
  say(`${name} runs at ${node.address}, incarnation ${incarnation}`);
  return node;
}

async function join(): Promise<[NodeProcess, NodeProcess, NodeProcess]> {
  heading('Three processes, one secret, no server');
  const first = await startNode('node-1', 0, []);
  const seeds = [first.hostAndPort];
  const [second, third] = await Promise.all([startNode('node-2', 0, seeds), startNode('node-3', 0, seeds)]);
  const views = [first, second, third].map((node) =>
    node.until('three members', (report) =>
      report.kind === 'member' && report.members === 3 ? report : undefined,
    ),
  );
  await Promise.all(views);
  say('each of them sees 3 members');
  return [first, second, third];
}

async function talk(from: NodeProcess, to: NodeProcess): Promise<void> {
  heading('Typed messages to an actor of another process');
  const address = `${to.address}/counter`;
  const { total, elapsedMs } = await from.order('count', { address, times: tells });
  say(
    `${from.name} tells ${to.name}'s counter ${tells} times, then asks: total ${total}, in ${elapsedMs.toFixed(0)} ms`,
  );
  const { p50Us, p99Us } = await from.order('measure', { address, times: asks });
  say(`${asks} asks one after the other: p50 ${p50Us.toFixed(0)} µs, p99 ${p99Us.toFixed(0)} µs`);
}

async function lose(watcher: NodeProcess, other: NodeProcess, victim: NodeProcess): Promise<void> {
  heading(`kill -9 ${victim.name}`);
  const address = `${victim.address}/counter`;
  await watcher.order('watch', { address });
  // An answer of the victim's shows that the watch, sent before the question, has arrived.
  await watcher.order('measure', { address, times: 1 });
  const killedMs = victim.kill();
  say(`${victim.name} is killed; ${watcher.name} was watching its counter`, killedMs);
  const observed = async (node: NodeProcess, event: string): Promise<void> => {
    const { atMs } = await node.untilMember(event, victim.name, killedMs);
    say(`${node.name}: ${event} ${victim.name}, ${seconds(atMs - killedMs)} after the kill`, atMs);
  };
  const terminated = watcher.until(
    'terminated',
    (report) => (report.kind === 'terminated' && report.address === address ? report : undefined),
    killedMs,
  );
  await Promise.all([watcher, other].map((node) => observed(node, 'member-suspect')));
  await Promise.all([watcher, other].map((node) => observed(node, 'member-dead')));
  const { atMs } = await terminated;
  say(`${watcher.name}: terminated ${address}, ${seconds(atMs - killedMs)} after the kill`, atMs);
}

async function takeBack(from: NodeProcess, lost: NodeProcess): Promise<NodeProcess> {
  heading(`${lost.name} comes back at the same address`);
  const sinceMs = performance.now();
  const back = await startNode(lost.name, lost.port, [from.hostAndPort]);
  const { atMs, incarnation } = await from.untilMember('member-up', lost.name, sinceMs);
  say(`${from.name}: member-up ${lost.name}, incarnation ${incarnation}`, atMs);
  const { total } = await from.order('count', { address: `${back.address}/counter`, times: 1 });
  say(`its counter is a new one: total ${total}`);
  return back;
}

async function leave(observer: NodeProcess, leaver: NodeProcess): Promise<void> {
  heading(`${leaver.name} leaves on purpose`);
  const sinceMs = performance.now();
  const left = leaver.order('leave', {});
  const { atMs } = await observer.untilMember('member-left', leaver.name, sinceMs);
  say(
    `${observer.name}: member-left ${leaver.name}, ${(atMs - sinceMs).toFixed(0)} ms after the order`,
    atMs,
  );
  await left;
}

async function story(): Promise<void> {
  const [first, second, third] = await join();
  await talk(first, second);
  await lose(first, second, third);
  const back = await takeBack(first, third);
  await leave(first, second);
  heading('The end');
  await Promise.all([first, back].map((node) => node.order('leave', {})));
  await Promise.all([...nodes].map((node) => node.exited()));
  say('all nodes have left and ended');
}

try {
  await story();
} catch (error) {
  process.stderr.write(`\nThe demo failed: ${String(error)}\n`);
  process.exitCode = 1;
  for (const node of nodes) node.kill();
}
