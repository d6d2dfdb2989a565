// The entry point of a contender's process in the remote section: the sending side. It starts the answering one.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { contest } from '../contestant.ts';
import { ComedyClient } from './comedy.ts';
import type { RemoteClient } from './contender.ts';
import { FloorClient } from './floor.ts';
import { kinds } from './kinds.ts';
import { MoleculerClient } from './moleculer.ts';
import { OursClient } from './ours.ts';
import { remoteWorkloads } from './workloads.ts';

const clients: Readonly<Record<string, (address: string) => Promise<RemoteClient>>> = {
  ours: (address) => OursClient.connect(address, false),
  'ours-secret': (address) => OursClient.connect(address, true),
  floor: (address) => FloorClient.connect(address, false),
  'floor-tls': (address) => FloorClient.connect(address, true),
  moleculer: (address) => MoleculerClient.connect(address),
  comedy: () => ComedyClient.connect(),
};
/** They bring their own answering process. */
const serverless: readonly string[] = ['comedy'];

async function startServer(name: string): Promise<readonly [ChildProcess, string]> {
  const server = fork(new URL('server.js', import.meta.url), [name]);
  const [address] = (await Promise.race([once(server, 'message'), once(server, 'exit')])) as [unknown];
  if (typeof address !== 'string') throw new Error(`The server of ${name} ended.`);
  return [server, address];
}

/** The server writes its profile before it is gone. */
async function endServer(server: ChildProcess | undefined): Promise<void> {
  if (server === undefined || server.exitCode !== null) return;
  const gone = once(server, 'exit');
  server.disconnect();
  await gone;
}

contest(async ({ contender: name, shapes, workload }) => {
  const connect = clients[name];
  const prepare = remoteWorkloads[workload];
  if (connect === undefined || prepare === undefined) throw new Error(`Unknown: ${name} or ${workload}.`);
  const [server, address] = serverless.includes(name) ? [undefined, ''] : await startServer(name);
  const client = await connect(address);
  // With several shapes, every kind is on both sides before the first round, whatever the workload uses.
  if (shapes === 'all')
    for (const [kind, { make }] of kinds.entries())
      for (let id = 1; id <= 200; id++) await client.ask(kind, make(id));
  return {
    round: prepare(client, shapes === 'all' ? kinds.length : 1),
    async stop() {
      await client.stop();
      await endServer(server);
    },
  };
});
