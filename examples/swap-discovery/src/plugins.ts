// What a program may choose from. Each comes from a package of its own; the program changes in the line that names it.
export { etcd } from '@actor/discovery-etcd';
export { staticDiscovery } from '@actor/discovery-static';
export { tcp } from '@actor/transport-tcp';
