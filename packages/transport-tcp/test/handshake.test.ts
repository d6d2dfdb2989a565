import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { readHello } from '../src/handshake.ts';
import { encodeHello } from '../src/hello.ts';
import { rawHello } from './nodes.ts';

test('what comes behind a hello is kept to its last byte, wherever the hello is cut', () => {
  const hello = encodeHello(rawHello('x'));
  const behind = Buffer.alloc(20_000, 'frames');
  const stream = Buffer.concat([hello, behind]);
  for (const cut of [1, 20, hello.length - 1, hello.length, hello.length + 100]) {
    const socket = new PassThrough();
    let rest: Buffer | undefined;
    // Of a socket, a hello needs what every stream has.
    readHello(socket as unknown as Parameters<typeof readHello>[0], (_, bytes) => (rest = bytes));
    socket.emit('data', stream.subarray(0, cut));
    socket.emit('data', stream.subarray(cut));
    const missing = cut > hello.length ? behind.subarray(0, cut - hello.length) : behind;
    expect(rest?.equals(cut === hello.length ? Buffer.alloc(0) : missing), `cut at ${cut}`).toBe(true);
  }
});
