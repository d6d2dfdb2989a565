// The section of two processes over the loopback: what is compared, and the goals.
import type { Goal, Measure, Section } from '../section.ts';

const rate = (label: string, goal: Goal): Measure => ({
  key: 'perSecond',
  label,
  unit: 'k/s',
  scale: 1e3,
  better: 'more',
  goal,
});
const latency = (key: 'p50Ms' | 'p99Ms', label: string, unit: 'µs' | 'ms', goal?: Goal): Measure => ({
  key,
  label,
  unit,
  scale: unit === 'µs' ? 1e-3 : 1,
  better: 'less',
  ...(goal === undefined ? {} : { goal }),
});

export const remote: Section = {
  title: 'Two processes',
  process: new URL('main.js', import.meta.url),
  columns: [
    { name: 'ours', role: 'ours', contender: 'ours', shapes: 'one' },
    { name: 'floor', role: 'floor', contender: 'floor', shapes: 'one' },
    { name: 'comedy', role: 'peer', contender: 'comedy', shapes: 'one' },
    { name: 'moleculer', role: 'peer', contender: 'moleculer', shapes: 'one' },
    { name: 'ours, secret', role: 'variant', contender: 'ours-secret', shapes: 'one' },
    { name: 'node:tls', role: 'variant', contender: 'floor-tls', shapes: 'one' },
    { name: 'ours, 8 shapes', role: 'variant', contender: 'ours', shapes: 'all' },
    { name: 'floor, 8 shapes', role: 'variant', contender: 'floor', shapes: 'all' },
  ],
  workloads: [
    {
      name: 'tell',
      measures: [rate('tell, one way', { at: 900, floor: 1_665, peer: 109, peerName: 'comedy' })],
    },
    {
      name: 'askSequential',
      measures: [
        latency('p50Ms', 'ask, one after the other, p50', 'µs', {
          at: 120,
          floor: 99,
          peer: 134,
          peerName: 'comedy',
        }),
        latency('p99Ms', 'the same, p99', 'µs', { at: 260, floor: 204, peer: 300, peerName: 'comedy' }),
      ],
    },
    {
      name: 'askHundred',
      measures: [
        rate('ask, 100 in flight', { at: 160, floor: 249, peer: 94, peerName: 'comedy' }),
        latency('p99Ms', 'the same, p99', 'ms'),
      ],
    },
    {
      name: 'askThousand',
      measures: [
        rate('ask, 1,000 in flight', { at: 280, floor: 406, peer: 92, peerName: 'comedy' }),
        latency('p99Ms', 'the same, p99', 'ms', { at: 10, floor: 6.9, peer: 22, peerName: 'comedy' }),
      ],
    },
    {
      name: 'bytes',
      measures: [
        {
          key: 'bytesPerSecond',
          label: '64 KiB binary payloads',
          unit: 'MB/s',
          scale: 1e6,
          better: 'more',
          goal: { at: 1_200, floor: 1_725, peer: 231, peerName: 'moleculer' },
        },
      ],
      without: ['comedy'],
    },
  ],
  comparisons: [
    { of: 'ours, secret', to: 'node:tls' },
    { of: 'ours, secret', to: 'ours' },
    { of: 'ours, 8 shapes', to: 'floor, 8 shapes' },
  ],
};
