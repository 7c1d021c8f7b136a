import type { Options } from './command';

export const json: Options = { json: { type: 'boolean' } };
export const tier: Options = { tier: { type: 'string' } };
export const running: Options = {
  workers: { type: 'string' },
  cluster: { type: 'string' },
  threads: { type: 'string' },
  memory: { type: 'string' },
  eager: { type: 'boolean' },
  again: { type: 'boolean' },
};

export const named = (...names: readonly string[]): Options =>
  Object.fromEntries(names.map((name) => [name, { type: 'string' }]));
