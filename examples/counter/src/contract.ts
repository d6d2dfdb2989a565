// All that a node needs to know of another node's counter.

import { ask, protocol, tell } from '@actor/core';

export const Counter = protocol('counter', {
  add: tell<number>(),
  total: ask<void, number>(),
});
