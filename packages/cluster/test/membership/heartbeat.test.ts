import { describe, expect, test } from 'vitest';
import { Mesh, settings } from './mesh.ts';

const { intervalMs, stallTimeoutMs, suspectTimeoutMs } = settings;

describe('joining', () => {
  test('one exchange makes both sides members, and the rest learn of it by heartbeats', () => {
    const mesh = new Mesh();
    for (const id of 'abcd') mesh.add(id);
    mesh.request('b', 'a');
    mesh.request('d', 'c');
    mesh.run(intervalMs * 2);
    mesh.request('b', 'c');
    mesh.run(intervalMs * 3);
    for (const node of mesh.nodes.values()) expect(node.view).toBe('abcd');
    expect(mesh.get('b').admittedBy).toEqual(['a', 'c']);
    expect(mesh.get('a').story).toEqual(['up b', 'up c', 'up d']);
  });

  test('tables that agree are not sent again', () => {
    const mesh = Mesh.of('abc');
    const { core } = mesh.get('a');
    const heartbeats = [0, 1, 2, 3].flatMap((tick) => core.tick(mesh.nowMs + tick * core.tickMs));
    expect(heartbeats).toHaveLength(2);
    for (const effect of heartbeats) {
      expect(effect).toMatchObject({ kind: 'send', message: { type: 'heartbeat', members: [] } });
    }
  });

  test('a joiner whose incarnation is behind learns the one to exceed', () => {
    const mesh = new Mesh();
    mesh.add('a');
    mesh.add('b', 9);
    mesh.request('b', 'a');
    mesh.run(intervalMs * 3);
    mesh.add('b', 4);
    mesh.request('b', 'a');
    mesh.run(intervalMs);
    expect(mesh.get('b').events.at(-1)).toEqual({ kind: 'declared-dead', by: 'a', incarnation: 9 });
    expect(mesh.get('b').admittedBy).toEqual([]);
  });

  test('no more than membersMax members are taken in', () => {
    const mesh = new Mesh();
    const node = mesh.add('a');
    for (let index = 0; index < 300; index += 1) {
      const address = { host: `h${index}`, port: 1 };
      const member = { nodeId: `n${index}`, incarnation: 1, version: 0, address, metadata: {} };
      node.core.members.merge({ ...member, status: 'alive' });
    }
    expect(node.core.members.live()).toHaveLength(settings.membersMax);
  });
});

describe('suspicion', () => {
  test('a silent member is suspect first, and dead when the time to refute is over', () => {
    const mesh = Mesh.of('abc');
    mesh.get('c').isStopped = true;
    mesh.run(1_000);
    expect(mesh.get('a').story).toEqual([]);
    mesh.run(1_000);
    expect(mesh.get('a').story).toEqual(['suspect c']);
    expect(mesh.get('a').view).toBe('abc');
    mesh.run(suspectTimeoutMs);
    expect(mesh.get('a').story).toEqual(['suspect c', 'dead c']);
    expect(mesh.get('b').story).toEqual(['suspect c', 'dead c']);
    expect(mesh.get('a').events.at(-1)).toMatchObject({ reason: 'unreachable' });
  });

  test('a suspect whose link stands has longer, until the link is gone', () => {
    const mesh = Mesh.of('ab');
    const { core } = mesh.get('a');
    const { identity } = mesh.get('b');
    core.link(identity, true);
    mesh.get('b').isStopped = true;
    mesh.run(2_000);
    mesh.run(stallTimeoutMs - 1_500);
    expect(mesh.get('a').story).toEqual(['suspect b']);
    core.link({ ...identity, incarnation: 7 }, false);
    mesh.run(200);
    expect(mesh.get('a').story).toEqual(['suspect b']);
    core.link(identity, false);
    mesh.run(200);
    expect(mesh.get('a').story).toEqual(['suspect b', 'dead b']);
  });

  test('a suspect is told so at once, not with the next heartbeat', () => {
    const mesh = Mesh.of('ab');
    const { core } = mesh.get('a');
    const asked = core.judge(mesh.nowMs + 2_000);
    expect(asked).toMatchObject([
      { kind: 'event', event: { kind: 'member-suspect' } },
      { kind: 'send', to: 'b', message: { members: [{ nodeId: 'b', status: 'suspect' }] } },
    ]);
  });

  test('the suspect refutes by a higher version, which only it can raise', () => {
    const mesh = Mesh.of('abc');
    // Nobody hears c, c hears everybody.
    mesh.cut('c', 'ab', false);
    mesh.run(2_200);
    expect(mesh.get('a').story).toEqual(['suspect c']);
    expect(mesh.get('c').core.members.self.version).toBeGreaterThan(0);
    mesh.heal();
    mesh.run(intervalMs * 2);
    expect(mesh.get('a').story).toEqual(['suspect c', 'reachable c']);
    expect(mesh.get('a').core.members.get('c')?.version).toBe(mesh.get('c').core.members.self.version);
    mesh.run(10_000);
    expect(mesh.get('a').story).toEqual(['suspect c', 'reachable c']);
  });

  test('whom another live member hears is not suspected, as long as that lasts', () => {
    const mesh = Mesh.of('abc');
    mesh.cut('a', 'c');
    mesh.run(60_000);
    for (const node of mesh.nodes.values()) expect(node.story).toEqual([]);
    mesh.get('c').isStopped = true;
    mesh.run(5_000);
    expect(mesh.get('a').story).toEqual(['suspect c', 'dead c']);
  });

  test('a deaf member is the one at fault: it accuses everybody and is believed by nobody', () => {
    const mesh = Mesh.of('abcd');
    mesh.cut('abc', 'd', false);
    mesh.run(20_000);
    expect(mesh.get('d').story).toEqual(expect.arrayContaining(['dead a', 'dead b', 'dead c']));
    for (const id of 'abc') expect(mesh.get(id).story).toEqual(['suspect d', 'dead d']);
  });

  test.each(['ab', 'abc', 'abcd'])(
    'after a short outage of the whole network, in which all of %s were deaf, all hear each other again',
    (ids) => {
      const mesh = Mesh.of(ids);
      mesh.cut(ids, ids);
      mesh.run(2_000);
      mesh.heal();
      mesh.run(intervalMs * 2);
      const stories = [...mesh.nodes.values()].map((node) => node.story.join());
      for (const node of mesh.nodes.values()) {
        expect(node.story).toHaveLength(2 * (ids.length - 1));
        expect(node.core.members.live().every((member) => member.status === 'alive')).toBe(true);
      }
      mesh.run(30_000);
      expect([...mesh.nodes.values()].map((node) => node.story.join())).toEqual(stories);
    },
  );

  test('a node that was stalled excuses the silence of that time', () => {
    const mesh = Mesh.of('abc');
    // All of them: nobody is there to be heard meanwhile.
    for (const node of mesh.nodes.values()) node.isStopped = true;
    mesh.run(60_000);
    for (const node of mesh.nodes.values()) node.isStopped = false;
    mesh.run(10_000);
    for (const node of mesh.nodes.values()) expect(node.story).toEqual([]);
  });

  test('a stall of two seconds is no death', () => {
    const mesh = Mesh.of('abc');
    mesh.get('c').isStopped = true;
    mesh.run(2_000);
    mesh.get('c').isStopped = false;
    mesh.run(10_000);
    expect(mesh.get('a').story).toEqual(['suspect c', 'reachable c']);
    expect(mesh.get('c').story).toEqual([]);
  });

  test('a node whose event loop takes its time sends a heartbeat at each turn, not at each fourth', () => {
    const mesh = Mesh.of('ab');
    const { core } = mesh.get('a');
    const turnMs = intervalMs * 1.2;
    const turns = Array.from({ length: 10 }, (_, turn) => core.tick(mesh.nowMs + turn * turnMs));
    expect(turns.filter((effects) => effects.length > 0).length).toBeGreaterThanOrEqual(9);
  });

  test('a message of a dead life does not revive it', () => {
    const mesh = Mesh.of('abc');
    mesh.get('c').isStopped = true;
    mesh.run(5_000);
    const { identity, core } = mesh.get('c');
    const alive = {
      type: 'join' as const,
      phase: 'request' as const,
      heard: ['a'],
      members: core.members.all(),
    };
    mesh.get('a').core.receive(mesh.nowMs, identity, alive);
    mesh.run(intervalMs);
    expect(mesh.get('a').view).toBe('ab');
  });
});

describe('being declared dead', () => {
  test('a node that slept through its death learns it from those it greets', () => {
    const mesh = Mesh.of('abc');
    mesh.get('c').isStopped = true;
    mesh.run(60_000);
    mesh.get('c').isStopped = false;
    mesh.run(1_000);
    expect(mesh.get('c').story).toEqual(['declared-dead']);
    expect(mesh.get('c').events[0]).toMatchObject({ incarnation: 1 });
    mesh.run(5_000);
    expect(mesh.get('a').story).toEqual(['suspect c', 'dead c']);
  });

  test('a node alone with its only peer learns it too', () => {
    const mesh = Mesh.of('ab');
    mesh.get('b').isStopped = true;
    mesh.run(60_000);
    mesh.get('b').isStopped = false;
    mesh.run(1_000);
    expect(mesh.get('b').story).toEqual(['declared-dead']);
  });

  test('after a partition the smaller side yields, and all of it does', () => {
    const mesh = Mesh.of('abcde');
    mesh.cut('ab', 'cde');
    mesh.run(10_000);
    expect([mesh.get('a').view, mesh.get('c').view]).toEqual(['ab', 'cde']);
    mesh.heal();
    mesh.request('a', 'c');
    mesh.request('e', 'b');
    mesh.run(2_000);
    expect(mesh.get('a').story.at(-1)).toBe('declared-dead');
    expect(mesh.get('b').story.at(-1)).toBe('declared-dead');
    for (const id of 'cde') expect(mesh.get(id).story).not.toContain('declared-dead');
  });

  test('of two equal sides the one without the lowest id yields', () => {
    const mesh = Mesh.of('abcd');
    mesh.cut('ad', 'bc');
    mesh.run(10_000);
    mesh.heal();
    mesh.request('d', 'b');
    mesh.run(1_000);
    expect(mesh.get('b').story.at(-1)).toBe('declared-dead');
    for (const id of 'ad') expect(mesh.get(id).story).not.toContain('declared-dead');
  });

  test('two sides that each believe to outweigh the other do not answer each other in a storm', () => {
    const mesh = Mesh.of('ab');
    mesh.cut('a', 'b');
    mesh.run(10_000);
    // Each side has gained members that the other knows nothing of, so each counts itself the larger.
    for (const [id, more] of [
      ['a', 'xyz'],
      ['b', 'uvw'],
    ] as const) {
      for (const other of more) {
        const address = { host: other, port: 1 };
        const member = { nodeId: other, incarnation: 1, version: 0, address, metadata: {} };
        mesh.get(id).core.members.merge({ ...member, status: 'alive' });
      }
    }
    mesh.heal();
    mesh.sent = 0;
    mesh.request('a', 'b');
    mesh.run(1_000);
    expect(mesh.sent).toBeLessThan(40);
  });

  test('a new incarnation is admitted at once and replaces what was', () => {
    const mesh = Mesh.of('abc');
    mesh.add('c', 2);
    mesh.request('c', 'b');
    mesh.run(100);
    expect(mesh.get('a').story).toEqual(['dead c', 'up c']);
    expect(mesh.get('a').events[0]).toMatchObject({ reason: 'replaced', member: { incarnation: 1 } });
    expect(mesh.get('b').story).toEqual(['dead c', 'up c']);
    mesh.run(10_000);
    expect(mesh.get('a').story).toEqual(['dead c', 'up c']);
  });

  test('another node at the same address replaces the one that was there', () => {
    const mesh = Mesh.of('abc');
    mesh.get('c').isStopped = true;
    mesh.add('d', 2, 'c');
    mesh.request('d', 'a');
    mesh.run(600);
    expect(mesh.get('a').story).toEqual(['dead c', 'up d']);
    expect(mesh.get('b').story).toEqual(['dead c', 'up d']);
  });

  test('of two processes with one node id the later one stays, and the earlier is told where it is', () => {
    const mesh = Mesh.of('abc');
    const earlier = mesh.get('c');
    const later = mesh.add('c', 2, 'elsewhere');
    mesh.request('c', 'a');
    mesh.run(600);
    const notice = earlier.core.receive(mesh.nowMs, mesh.get('a').identity, {
      type: 'heartbeat',
      intervalMs,
      heard: ['c'],
      digest: '',
      members: mesh.get('a').core.members.all(),
    });
    expect(notice).toEqual([
      {
        kind: 'event',
        event: {
          kind: 'declared-dead',
          by: 'a',
          incarnation: 2,
          successor: { host: 'elsewhere', port: 1 },
        },
      },
    ]);
    expect(later.story).not.toContain('declared-dead');
  });
});

test('two lives of one node id that meet settle it between them', () => {
  const mesh = new Mesh();
  const earlier = mesh.add('c', 1);
  const later = mesh.add('c', 2, 'elsewhere');
  const request = (from: typeof earlier) => {
    const { core } = from;
    return { type: 'join' as const, phase: 'request' as const, heard: [], members: core.members.all() };
  };
  const answers = later.core.receive(mesh.nowMs, earlier.identity, request(earlier));
  expect(answers).toMatchObject([{ kind: 'send', to: 'c', message: { type: 'join', phase: 'refused' } }]);
  expect(earlier.core.receive(mesh.nowMs, later.identity, request(later))).toMatchObject([
    { kind: 'event', event: { kind: 'declared-dead', successor: { host: 'elsewhere', port: 1 } } },
  ]);
});

describe('leaving', () => {
  test('is seen as such by all, never as a death, and ends when all have acknowledged', () => {
    const mesh = Mesh.of('abc');
    mesh.perform(mesh.get('c'), mesh.get('c').core.leave());
    expect(mesh.get('c').hasDeparted).toBe(false);
    mesh.run(100);
    expect(mesh.get('c').hasDeparted).toBe(true);
    mesh.get('c').isStopped = true;
    mesh.run(30_000);
    expect(mesh.get('a').story).toEqual(['left c']);
    expect(mesh.get('b').story).toEqual(['left c']);
  });

  test('is repeated until it is heard', () => {
    const mesh = Mesh.of('abc');
    mesh.cut('c', 'b');
    mesh.perform(mesh.get('c'), mesh.get('c').core.leave());
    mesh.run(100);
    expect(mesh.get('c').hasDeparted).toBe(false);
    mesh.heal();
    mesh.run(intervalMs * 2);
    expect(mesh.get('c').hasDeparted).toBe(true);
    expect(mesh.get('b').story).toEqual(['left c']);
  });

  test('needs nobody when nobody is there', () => {
    const mesh = new Mesh();
    mesh.perform(mesh.add('a'), mesh.get('a').core.leave());
    expect(mesh.get('a').hasDeparted).toBe(true);
  });

  test('two that leave at once acknowledge each other', () => {
    const mesh = Mesh.of('ab');
    mesh.perform(mesh.get('a'), mesh.get('a').core.leave());
    mesh.perform(mesh.get('b'), mesh.get('b').core.leave());
    mesh.run(intervalMs);
    expect([mesh.get('a').hasDeparted, mesh.get('b').hasDeparted]).toEqual([true, true]);
  });
});

test('new metadata is a new version that reaches everybody', () => {
  const mesh = Mesh.of('abc');
  const { core } = mesh.get('a');
  mesh.perform(mesh.get('a'), core.setMetadata(mesh.nowMs, { zone: 'z' }));
  mesh.run(100);
  for (const id of 'bc') {
    expect(mesh.get(id).story).toEqual(['updated a']);
    expect(mesh.get(id).core.members.get('a')).toMatchObject({ version: 1, metadata: { zone: 'z' } });
  }
});
