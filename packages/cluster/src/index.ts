// The public door of @actor/cluster: exports only. What is not named here is private.
export { ClusterManager, type Inspection } from './cluster-manager.ts';
export type { ClusterEvent, ClusterStatus, NodeRole } from './cluster-event.ts';
export {
  defaultConfig,
  type ClusterConfig,
  type ClusterDefaults,
  type Preset,
  type Reconfiguration,
} from './config.ts';
export type { ConfigFault } from './config-fault.ts';
export type { Health } from './health.ts';
export { HeartbeatMembership, heartbeats } from './membership/heartbeat-membership.ts';
export type { HeartbeatOptions } from './membership/heartbeat-options.ts';
export type { HeartbeatMessage, JoinMessage, LeaveMessage } from './membership/messages.ts';
export { defaultRemotingLimits, type RemotingLimits } from './remoting/limits.ts';
export { msgpack } from './remoting/msgpack.ts';
export type { ActorMessage } from './remoting/wire.ts';
