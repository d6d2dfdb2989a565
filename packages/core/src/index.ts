// The public door of @actor/core: exports only. What is not named here is private.
export * from './actor.ts';
export * from './context.ts';
export * from './datagram.ts';
export * from './dead-letter.ts';
export { Deadlines, type Pending } from './deadlines.ts';
export * from './envelope.ts';
export * from './errors.ts';
export * from './event.ts';
export * from './feed.ts';
export * from './file-system.ts';
export * from './gateway.ts';
export * from './interceptor.ts';
export * from './mailbox.ts';
export * from './pause.ts';
export * from './method.ts';
export * from './plugin/context.ts';
export * from './plugin/discovery.ts';
export * from './plugin/host.ts';
export * from './plugin/log-storage.ts';
export * from './plugin/logger.ts';
export * from './plugin/membership.ts';
export * from './plugin/metrics.ts';
export * from './plugin/node.ts';
export * from './plugin/serializer.ts';
export * from './plugin/startable.ts';
export * from './plugin/transport.ts';
export * from './pool.ts';
export * from './protocol.ts';
export * from './ref.ts';
export * from './reply.ts';
export type { RoutingPolicy } from './router.ts';
export * from './runtime.ts';
export * from './standard-schema.ts';
export {
  escalate,
  restart,
  resume,
  stop,
  type Directive,
  type RestartOptions,
  type Supervision,
} from './supervision.ts';
export * from './system-datagrams.ts';
export * from './system-files.ts';
export * from './system-runtime.ts';
export * from './system.ts';
