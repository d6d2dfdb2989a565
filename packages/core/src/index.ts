// The public door of @actor/core: exports only. What is not named here is private.
export * from './datagram.ts';
export * from './errors.ts';
export * from './feed.ts';
export * from './file-system.ts';
export * from './plugin/context.ts';
export * from './plugin/discovery.ts';
export * from './plugin/logger.ts';
export * from './plugin/membership.ts';
export * from './plugin/metrics.ts';
export * from './plugin/node.ts';
export * from './plugin/serializer.ts';
export * from './plugin/startable.ts';
export * from './plugin/transport.ts';
export * from './runtime.ts';
export * from './system-runtime.ts';
