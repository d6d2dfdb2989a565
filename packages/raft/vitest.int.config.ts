import { integration } from '../../vitest.shared.ts';
export default integration('raft');
