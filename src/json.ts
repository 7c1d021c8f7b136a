import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { UserError } from './errors';
import { unsealed } from './seal';

/** What JSON from outside must look like to be a `T`. */
export type Schema<T> = v.GenericSchema<unknown, T>;

/** A value that has passed its schema, or what is wrong with its text. */
export type Read<T> =
  { readonly kind: 'value'; readonly value: T } | { readonly kind: 'fault'; readonly reason: string };

/** Reads text as JSON of a schema; the reason of a fault says where in the value it lies. */
export function readText<T>(text: string, schema: Schema<T>): Read<T> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { kind: 'fault', reason: 'is not JSON' };
  }
  return readValue(json, schema);
}

/** Checks a value that is JSON already. */
export function readValue<T>(json: unknown, schema: Schema<T>): Read<T> {
  const { success, issues, output } = v.safeParse(schema, json, { abortEarly: true });
  if (success) return { kind: 'value', value: output };
  return { kind: 'fault', reason: reasonOf(issues[0]) };
}

/** `"tests.count" should be number, not null`. */
function reasonOf(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue);
  if (issue.type === 'custom') return path === null ? issue.message : `"${path}" ${issue.message}`;
  if (issue.expected === 'never') return `has an unknown field "${path ?? ''}"`;
  if (issue.received === 'undefined') return `has no field "${path ?? ''}"`;
  const expected = issue.type === 'regex' ? issue.message : (issue.expected ?? issue.message);
  return `${path === null ? '' : `"${path}" `}should be ${expected}, not ${issue.received}`;
}

/**
 * The JSON of a file.
 * @throws UserError with the file, the fault and `remedy` where it cannot be read, is no JSON or not of the schema
 */
export function readJson<T>(path: string, schema: Schema<T>, remedy: string): T {
  return jsonOf(path, fileText(path, remedy), schema, remedy);
}

/** The same of a file that `sealed` closed, or one from before there were seals; also where its checksum does not fit. */
export function readSealed<T>(path: string, schema: Schema<T>, remedy: string): T {
  const text = unsealed(fileText(path, remedy));
  if (text !== undefined) return jsonOf(path, text, schema, remedy);
  throw new UserError(
    `${path} was changed after it was saved, its checksum does not fit: copy it again, or make it anew`,
  );
}

function fileText(path: string, remedy: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UserError(`${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unreadable'}): ${remedy}`);
  }
}

function jsonOf<T>(path: string, text: string, schema: Schema<T>, remedy: string): T {
  const read = readText(text, schema);
  if (read.kind === 'value') return read.value;
  throw new UserError(`${path}: ${read.reason}: ${remedy}`);
}

/** A line that another process wrote. @throws Error with the fault */
export function messageOf<T>(line: string, schema: Schema<T>): T {
  const read = readText(line, schema);
  if (read.kind === 'value') return read.value;
  throw new Error(`a message ${read.reason}: ${line.slice(0, 80)}`);
}

/** A number that JSON can hold. */
export const real: Schema<number> = v.pipe(v.number(), v.finite('a finite number'));
/** A whole number from 0 on. */
export const whole: Schema<number> = v.pipe(v.number(), v.safeInteger('a whole number'), v.minValue(0));
/** A JSON object of any keys, every one of which is kept. */
export const anyObject: Schema<Readonly<Record<string, unknown>>> = v.custom<Readonly<Record<string, unknown>>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  ({ received }) => `should be an object, not ${received}`,
);

/** An object of any keys whose values are of one schema, every key kept: `v.record` would pass over `constructor`. */
export function recordOf<T>(values: Schema<T>): Schema<Readonly<Record<string, T>>> {
  return v.pipe(
    anyObject,
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      for (const [key, value] of Object.entries(dataset.value)) {
        const read = readValue(value, values);
        if (read.kind === 'value') continue;
        addIssue({ message: `${key}: ${read.reason}` });
        return NEVER;
      }
      return dataset.value as Readonly<Record<string, T>>;
    }),
  );
}
