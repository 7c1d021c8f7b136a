import type { Option, Options } from './command';

/** How help writes an option's value, and what it means where its name does not say it. */
type Value = string | readonly [takes: string, about: string];

/** Options with a value. */
export const named = (values: Readonly<Record<string, Value>>): Options =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, withValue(value)]));

function withValue(value: Value): Option {
  if (typeof value === 'string') return { type: 'string', takes: value };
  const [takes, about] = value;
  return { type: 'string', takes, about };
}

/** Options that are there or not. */
export const switches = (abouts: Readonly<Record<string, string>>): Options =>
  Object.fromEntries(Object.entries(abouts).map(([name, about]) => [name, { type: 'boolean', about }]));

export const json: Options = switches({ json: 'JSON alone on standard output' });
export const tier: Options = named({ tier: ['quick|full', 'minutes on two cores, or the numbers'] });
export const precision: Options = named({ precision: ['f32|bf16', 'in what numbers large products are computed'] });
export const workers: Options = named({ workers: ['N', 'processes that share the cores'] });
export const memory: Options = named({ memory: ['SIZE', 'what a process may hold, such as 2GiB'] });
export const eager: Options = switches({ eager: 'op by op, without compiled steps' });
export const running: Options = {
  ...workers,
  ...named({ cluster: ['ADDRESS', 'a Dask cluster: tcp://HOST:PORT or local:3'], threads: ['N', 'of each worker'] }),
  ...memory,
  ...eager,
  ...switches({ again: 'what is finished, too, and replace its files' }),
};

/** A line for each option of a command. */
export function optionLines(options: Options): readonly string[] {
  const heads = Object.entries(options).map(([name, option]) => [headOf(name, option), option.about ?? ''] as const);
  const width = Math.max(0, ...heads.map(([head]) => head.length));
  return heads.map(([head, about]) => `  ${head.padEnd(width)}  ${about}`.trimEnd());
}

function headOf(name: string, option: Option): string {
  return option.type === 'boolean' ? `--${name}` : `--${name} ${option.takes}`;
}
