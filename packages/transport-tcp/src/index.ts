// The public door of @actor/transport-tcp: exports only. What is not named here is private.
export type { TcpOptions } from './options.ts';
export { certificateUri, type TlsIdentity } from './security.ts';
export { tcp } from './tcp.ts';
export { TcpTransport } from './tcp-transport.ts';
