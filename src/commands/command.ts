import { UserError } from '../errors';

/** A switch, or what is followed by a value. */
export type Option = (
  | { readonly type: 'boolean' }
  | {
      readonly type: 'string';
      /** How help writes the value: `N`, `quick|full`. */
      readonly takes: string;
    }
) & { readonly about?: string };

export type Options = Readonly<Record<string, Option>>;

/** What the user wrote after the command's name. */
export interface Input {
  readonly values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;
  readonly positionals: readonly string[];
}

/** Runs a command; the number is the exit code (`docs/commands.md`). */
export type Run = (input: Input) => number | Promise<number>;

export interface Command {
  readonly name: string;
  /** What follows `petl`: `study NAME [--tier quick|full]`. */
  readonly usage: string;
  readonly about: string;
  readonly options: Options;
  /** Names of the positional arguments; one in brackets may be left out, one with dots may be repeated. */
  readonly positionals: readonly string[];
  /** Not listed. */
  readonly hidden?: boolean;
  /** Loads the code of the command when it is wanted. */
  readonly load: () => Run;
}

/**
 * Refuses what a part of a command does not take: an option or an argument without effect would be passed over.
 * @param takes the options that have one, and how many positional arguments are read
 */
export function demandTaken(
  { values, positionals }: Input,
  part: string,
  takes: { readonly options: readonly string[]; readonly positionals?: number },
): void {
  const other = Object.keys(values).find((name) => values[name] !== undefined && !takes.options.includes(name));
  if (other !== undefined)
    throw new UserError(
      `--${other} has no effect with ${part}, which takes ${takes.options.map((name) => `--${name}`).join(', ')}: leave it out`,
    );
  const more = positionals[takes.positionals ?? Infinity];
  if (more !== undefined) throw new UserError(`unexpected "${more}": ${part} does not take it`);
}

/** Refuses options that would be passed over. @param why `with --input-ids` */
export function demandNone({ values }: Input, options: readonly string[], why: string): void {
  const idle = options.find((name) => values[name] !== undefined);
  if (idle !== undefined) throw new UserError(`--${idle} has no effect ${why}: leave it out`);
}

export function flag({ values }: Input, name: string): boolean {
  return values[name] === true;
}

/** The text of an option, or `fallback`. */
export function textOf({ values }: Input, name: string, fallback?: string): string {
  const value = values[name] ?? fallback;
  if (typeof value === 'string') return value;
  throw new UserError(`--${name} is missing: write --${name} VALUE`);
}

/** The text of an option, where it was written. */
export function givenOf(input: Input, name: string): string | undefined {
  return input.values[name] === undefined ? undefined : textOf(input, name);
}

/** One of `words`, or `fallback` where the option is left out. */
export function wordOf<const W extends string>(
  input: Input,
  name: string,
  { words, fallback }: { readonly words: readonly W[]; readonly fallback: W },
): W {
  const text = textOf(input, name, fallback);
  const found = words.find((word) => word === text);
  if (found !== undefined) return found;
  throw new UserError(`--${name} must be ${words.join(' or ')}, not "${text}"`);
}

/** `--precision f32|bf16`: in what numbers products with frozen matrices are computed. */
export function precisionOf(input: Input): 'float32' | 'bfloat16' {
  return wordOf(input, 'precision', { words: ['f32', 'bf16'], fallback: 'f32' }) === 'bf16' ? 'bfloat16' : 'float32';
}

/** A whole number between `least` and `most`. */
export function wholeOf(
  input: Input,
  name: string,
  { least, most, fallback }: { readonly least: number; readonly most: number; readonly fallback: number },
): number {
  const text = textOf(input, name, String(fallback));
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new UserError(`--${name} must be a whole number from ${least} to ${most}, not "${text}"`);
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}
