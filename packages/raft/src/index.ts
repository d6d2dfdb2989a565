// The public door of @actor/raft: exports only. What is not named here is private.
export * from './core/index.ts';
export * from './storage/memory.ts';
export * from './storage/wal/wal.ts';
