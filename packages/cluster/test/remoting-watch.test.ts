import type { GatewayPort, Recipient, Watcher } from '@actor/core';
import { describe, expect, test } from 'vitest';
import { RemoteRecipient, type Routes } from '../src/remoting/remote-ref.ts';
import { InboundWatches, RemoteWatches } from '../src/remoting/remote-watch.ts';

const routes: Routes = { linkTo: () => undefined, atHome: () => undefined, noRoute: () => 'no-route' };
const cart = (): RemoteRecipient => new RemoteRecipient('tcp://b:1/cart', undefined, routes);

function watcher(): Watcher & { readonly told: string[] } {
  const told: string[] = [];
  return { told, terminated: (of: Recipient) => void told.push(of.address) };
}

function watches(): { readonly remote: RemoteWatches; readonly sent: string[] } {
  const sent: string[] = [];
  const remote = new RemoteWatches({
    watch: (id, path) => path.length < 10 && sent.push(`watch ${id} ${path}`) > 0,
    unwatch: (id) => void sent.push(`unwatch ${id}`),
  });
  return { remote, sent };
}

describe('G6: a watch of an actor on another node', () => {
  test('fires once, though the actor and then its node end', () => {
    const { remote } = watches();
    const one = watcher();
    remote.watch(cart(), one);
    remote.terminated(1);
    remote.terminated(1);
    remote.end();
    expect(one.told).toEqual(['tcp://b:1/cart']);
  });

  test('is one message, however many watch', () => {
    const { remote, sent } = watches();
    const [one, two] = [watcher(), watcher()];
    for (const each of [one, two, one]) remote.watch(cart(), each);
    remote.unwatch(cart(), one);
    expect(sent).toEqual(['watch 1 cart']);
    remote.unwatch(cart(), two);
    expect(sent).toEqual(['watch 1 cart', 'unwatch 1']);
    remote.end();
    expect([...one.told, ...two.told]).toEqual([]);
  });

  test('fires at once for a path by which no actor can be reached, and each time', () => {
    const { remote, sent } = watches();
    const one = watcher();
    const far = new RemoteRecipient(`tcp://b:1/${'x'.repeat(20)}`, undefined, routes);
    remote.watch(far, one);
    remote.watch(far, one);
    remote.end();
    expect(one.told).toHaveLength(2);
    expect(sent).toEqual([]);
  });

  test('can be made again when it has fired, also from within', () => {
    const { remote, sent } = watches();
    const again = watcher();
    remote.watch(cart(), { terminated: () => remote.watch(cart(), again) });
    remote.terminated(1);
    expect(sent).toEqual(['watch 1 cart', 'watch 2 cart']);
    remote.terminated(2);
    expect(again.told).toHaveLength(1);
  });
});

describe('a watch of the peer', () => {
  test('is answered once, and not at all when it was taken back', () => {
    const local = new Map<string, Watcher>();
    const port = {
      watch: (path: string, _uid: number | undefined, by: Watcher) => void local.set(path, by),
      unwatch: (path: string) => void local.delete(path),
    } as unknown as GatewayPort;
    const answered: number[] = [];
    const inbound = new InboundWatches(port, 2, (id) => void answered.push(id));
    inbound.watch(1, 'a', undefined);
    inbound.watch(2, 'b', undefined);
    inbound.watch(3, 'beyond the bound', undefined);
    expect(answered).toEqual([3]);
    const [a, b] = [local.get('a'), local.get('b')];
    inbound.unwatch(2);
    for (let i = 0; i < 2; i += 1) for (const each of [a, b]) each?.terminated(cart());
    expect(answered).toEqual([3, 1]);
    inbound.watch(4, 'c', undefined);
    inbound.end();
    expect([...local.keys()]).toEqual(['a']);
  });
});
