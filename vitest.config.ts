import { defineConfig } from 'vitest/config';
import { fromSource } from './vitest.shared.ts';

export default defineConfig({
  test: {
    projects: [
      '{packages,examples,tools}/*/vitest{,.int}.config.ts',
      {
        ...fromSource,
        test: { name: 'tidy', include: ['tools/*.test.ts'], exclude: ['**/*.int.test.ts'] },
      },
      {
        ...fromSource,
        test: {
          name: 'tools:int',
          include: ['tools/*.int.test.ts'],
          testTimeout: 240_000,
          hookTimeout: 240_000,
          pool: 'forks',
          fileParallelism: false,
        },
      },
    ],
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**/*.ts'],
      thresholds: { lines: 95, branches: 90 },
    },
  },
});
