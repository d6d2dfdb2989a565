// The public door of @actor/transport-memory: exports only. What is not named here is private.
export { MemoryFabric, memoryFabric } from './fabric.ts';
export { memory, type MemoryOptions } from './memory.ts';
export { MemoryTransport } from './memory-transport.ts';
