import { readdirSync, readFileSync } from 'node:fs';
import type { ViteUserConfig } from 'vitest/config';

/** Tests that put something in the place of a module have a process of their own; all others share two. */
const replacing = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .map((name) => `src/${name}`)
  .filter((file) => file.endsWith('.test.ts') && /\bvi\.mock\(/.test(readFileSync(file, 'utf8')));

const config: ViteUserConfig = {
  test: {
    // The native engine does not live in threads, and two processes already fill the machine.
    pool: 'forks',
    maxWorkers: 2,
    setupFiles: ['./bin/legacy.cjs'],
    env: { TF_CPP_MIN_LOG_LEVEL: '3' },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      // Modules, and the engine among them, are loaded once a process and not once a file.
      { extends: true, test: { name: 'together', include: ['src/**/*.test.ts'], exclude: replacing, isolate: false } },
      { extends: true, test: { name: 'apart', include: replacing } },
    ],
  },
};

export default config;
