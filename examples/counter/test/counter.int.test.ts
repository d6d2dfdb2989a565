// Runs the demo as a user does and reads what it prints. The build comes first: `npm test` and turbo see to that.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';

interface Run {
  readonly exitCode: number | null;
  readonly output: string;
}

function runDemo(): Promise<Run> {
  const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
  const child = spawn(process.execPath, [main], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const take = (chunk: Buffer): void => void (output += chunk.toString());
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  return new Promise((resolve) => child.once('close', (exitCode) => resolve({ exitCode, output })));
}

/** The matches of each pattern in turn, each looked for behind the one before. */
function inOrder(text: string, patterns: readonly RegExp[]): RegExpExecArray[] {
  let rest = text;
  return patterns.map((pattern) => {
    const match = pattern.exec(rest);
    expect(match, `${String(pattern)} in the rest of the story:\n${rest}`).not.toBeNull();
    rest = rest.slice((match?.index ?? 0) + (match?.[0].length ?? 0));
    return match as RegExpExecArray;
  });
}

let demo: Run;
beforeAll(async () => {
  demo = await runDemo();
}, 60_000);

test('the demo tells its whole story, in order, and ends well', () => {
  const { exitCode, output } = demo;
  const matches = inOrder(output, [
    /each of them sees 3 members/,
    /tells node-2's counter 5000 times, then asks: total 5000/,
    /p50 \d+ µs, p99 \d+ µs/,
    /node-3 is killed/,
    /node-[12]: member-suspect node-3, \d+\.\d\d s after the kill/,
    /node-[12]: member-dead node-3, \d+\.\d\d s after the kill/,
    /node-1: terminated tcp:\/\/127\.0\.0\.1:\d+\/counter/,
    /node-3 runs at tcp:\/\/127\.0\.0\.1:\d+, incarnation \d+/,
    /node-1: member-up node-3, incarnation \d+/,
    /its counter is a new one: total 1/,
    /node-1: member-left node-2/,
    /all nodes have left and ended/,
  ]);
  expect(matches).toHaveLength(12);
  expect(exitCode).toBe(0);
});

test('the node that comes back has its old address and a newer incarnation', () => {
  const lives = [...demo.output.matchAll(/node-3 runs at (\S+), incarnation (\d+)/g)];
  expect(lives).toHaveLength(2);
  const [before, after] = lives;
  expect(after?.[1]).toBe(before?.[1]);
  expect(Number(after?.[2])).toBeGreaterThan(Number(before?.[2]));
});
