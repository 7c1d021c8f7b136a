import type { ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = {
  test: {
    include: ['src/**/*.test.ts'],
    // The native engine does not live in threads, and two processes already fill the machine.
    pool: 'forks',
    maxWorkers: 2,
    setupFiles: ['./bin/legacy.cjs'],
    env: { TF_CPP_MIN_LOG_LEVEL: '3' },
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
};

export default config;
