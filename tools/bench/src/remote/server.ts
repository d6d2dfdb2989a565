// The entry point of the answering process: it counts what it gets, and tells its parent where it can be reached.
import { Receiver } from './contender.ts';
import { serveFloor } from './floor.ts';
import { serveMoleculer } from './moleculer.ts';
import { serveOurs } from './ours.ts';

const servers: Readonly<Record<string, (receiver: Receiver) => Promise<string>>> = {
  ours: (receiver) => serveOurs(receiver, false),
  'ours-secret': (receiver) => serveOurs(receiver, true),
  floor: (receiver) => serveFloor(receiver, false),
  'floor-tls': (receiver) => serveFloor(receiver, true),
  moleculer: serveMoleculer,
};

const [, , name = ''] = process.argv;
const serve = servers[name];
if (serve === undefined) throw new Error(`No server of that name: ${name}.`);
process.on('disconnect', () => process.exit());
process.send?.(await serve(new Receiver()));
