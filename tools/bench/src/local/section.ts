// The local section: what is compared in one process, and the goals.
import type { Goal, Section, Workload } from '../section.ts';

/** Millions per second. */
const rate = (name: string, label: string, goal: Goal): Workload => ({
  name,
  measures: [{ key: 'perSecond', label, unit: 'M/s', scale: 1e6, better: 'more', goal }],
});

export const local: Section = {
  title: 'One process',
  process: new URL('main.js', import.meta.url),
  columns: [
    { name: 'ours', role: 'ours', contender: 'ours', shapes: 'one' },
    { name: 'floor', role: 'floor', contender: 'floor', shapes: 'one' },
    { name: 'nact', role: 'peer', contender: 'nact', shapes: 'one' },
    { name: 'comedy', role: 'peer', contender: 'comedy', shapes: 'one' },
    { name: 'ours, 8 shapes', role: 'variant', contender: 'ours', shapes: 'all' },
    { name: 'floor, 8 shapes', role: 'variant', contender: 'floor', shapes: 'all' },
    { name: 'ours, with an async actor', role: 'variant', contender: 'ours-async', shapes: 'one' },
  ],
  workloads: [
    rate('tellBatches', 'tell, batches of 1,000', { at: 15, floor: 46.5, peer: 1.9, peerName: 'comedy' }),
    rate('tellFloods', 'tell, floods of 100,000', { at: 8, floor: 17.6, peer: 0.43, peerName: 'nact' }),
    rate('pingPong', 'ping-pong, round trips', { at: 3, floor: 6.3, peer: 1.1, peerName: 'comedy' }),
    rate('askSequential', 'ask, one after the other', { at: 1, floor: 1.6, peer: 0.33, peerName: 'comedy' }),
    rate('askThousand', 'ask, 1,000 in flight', { at: 2, floor: 5.4, peer: 1.3, peerName: 'comedy' }),
    rate('ring', 'ring of 1,000 actors', { at: 5, floor: 11.3, peer: 1.4, peerName: 'comedy' }),
    rate('fanOut', 'fan-out to 10,000 actors', { at: 4, floor: 7.3, peer: 0.82, peerName: 'comedy' }),
    rate('spawn', 'spawn', { at: 0.7, floor: 6.2, peer: 0.35, peerName: 'comedy' }),
    {
      name: 'memory',
      measures: [
        {
          key: 'bytesIdle',
          label: 'memory of an idle actor',
          unit: 'bytes',
          scale: 1,
          better: 'less',
          goal: { at: 600, floor: 64, peer: 1_207, peerName: 'comedy' },
        },
        { key: 'bytesUsed', label: 'the same, after a message', unit: 'bytes', scale: 1, better: 'less' },
      ],
    },
  ],
  comparisons: [
    { of: 'ours, 8 shapes', to: 'floor, 8 shapes' },
    { of: 'ours, 8 shapes', to: 'ours' },
    { of: 'ours, with an async actor', to: 'ours' },
  ],
};
