// The door of @actor/core/testkit: simulation, faults, conformance suites and probes.
export * from './agenda.ts';
export * from './case.ts';
export * from './discovery-suite.ts';
export * from './fault-network.ts';
export * from './link-model.ts';
export * from './membership-fixture.ts';
export * from './membership-suite.ts';
export * from './passage.ts';
export type { ProbeAsk, ProbeMessage, ProbeStream, ProbeTell } from './probe-message.ts';
export * from './probe.ts';
export * from './random-stream.ts';
export * from './simulated-datagrams.ts';
export * from './simulated-files.ts';
export * from './simulated-runtime.ts';
export * from './simulation.ts';
export * from './trace-hash.ts';
export * from './transport-fixture.ts';
export * from './transport-suite.ts';
