import { defineProject } from 'vitest/config';

/** Workspace packages resolve to their TypeScript source, so no unit test needs a build. */
const conditions = ['@actor/source', 'module', 'node', 'development|production'];
export const fromSource = { resolve: { conditions }, ssr: { resolve: { conditions } } };

export const unit = (name: string): ReturnType<typeof defineProject> =>
  defineProject({
    ...fromSource,
    test: { name, include: ['test/**/*.test.ts'], exclude: ['**/*.int.test.ts'] },
  });

export const integration = (name: string): ReturnType<typeof defineProject> =>
  defineProject({
    ...fromSource,
    test: {
      name: `${name}:int`,
      include: ['test/**/*.int.test.ts'],
      testTimeout: 60_000,
      pool: 'forks',
      fileParallelism: false,
    },
  });
