// A machine whose process can be killed, whose power can be lost and whose disk can fail, with a log on it.
import { silentLogger, type FileSystem } from '@actor/core';
import { SimulatedFiles, Simulation, virtualTime, type LogStorageFixture } from '@actor/core/testkit';
import { fileStorage, type FileStorageOptions, type WriteAheadLog } from '../src/index.ts';

export const dir = 'data/log';

export class Machine {
  readonly simulation: Simulation;
  readonly disk: SimulatedFiles;
  readonly #options: Partial<FileStorageOptions>;
  #lives = 0;

  constructor(seed = 1, options: Partial<FileStorageOptions> = {}) {
    this.simulation = new Simulation({ seed });
    this.disk = new SimulatedFiles({ simulation: this.simulation, node: 'machine' });
    this.#options = { segmentBytes: 16_384, ...options };
  }

  /** The log in a process of its own. */
  make(clusterName = 'test'): WriteAheadLog {
    this.#lives += 1;
    const runtime = this.simulation.runtime(`life-${this.#lives}`);
    const files = this.disk.of(runtime);
    return fileStorage({ dir, ...this.#options })({ runtime, files, logger: silentLogger, clusterName });
  }

  async open(): Promise<WriteAheadLog> {
    const log = this.make();
    await this.settle(log.start());
    return log;
  }

  kill(): void {
    for (let life = 1; life <= this.#lives; life += 1) this.simulation.kill(`life-${life}`);
  }

  losePower(survivalRate = 0.5): void {
    this.kill();
    this.disk.losePower({ survivalRate });
  }

  settle<T>(promise: PromiseLike<T>): Promise<T> {
    return this.simulation.settle(promise);
  }

  /** Files as a tool sees them, outside of any process. */
  get tool(): FileSystem {
    this.#lives += 1;
    return this.disk.of(this.simulation.runtime(`life-${this.#lives}`));
  }

  async segments(): Promise<readonly string[]> {
    const names = await this.settle(this.tool.list(dir));
    return names.filter((name) => name.endsWith('.wal')).map((name) => `${dir}/${name}`);
  }

  fixture(): LogStorageFixture {
    return {
      ...virtualTime(this.simulation),
      make: () => this.make(),
      crash: ({ losesPower }) => (losesPower ? this.losePower() : this.kill()),
      failSync: () => this.disk.faults.failSyncs(),
      close: () => Promise.resolve(),
    };
  }
}
