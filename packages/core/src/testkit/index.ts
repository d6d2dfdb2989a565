// The door of @actor/core/testkit: simulation, faults, conformance suites and probes.
export * from './agenda.ts';
export * from './fault-network.ts';
export * from './link-model.ts';
export * from './random-stream.ts';
export * from './simulated-runtime.ts';
export * from './simulation.ts';
export * from './trace-hash.ts';
