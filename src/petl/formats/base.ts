import type { Tensors } from '../../engine/tf';
import { UserError } from '../../errors';
import type { ModelShape } from '../../model/shape';
import type { Method } from '../design/types';
import type { Config } from './folder';
import type { Named, Values } from './values';

/** A frozen model: its shape and weights by canonical name. */
export interface FrozenModel {
  readonly shape: ModelShape;
  readonly weights: Tensors;
}

/** The frozen model that an adapter belongs to, as far as reading and writing needs it. */
export interface Base {
  readonly shape: ModelShape;
  /** A weight's values by canonical name; linear maps are `[in, out]`. */
  readonly weight: (name: string) => Float32Array;
  /** Whether the checkpoint has a weight: many lack the pooler that their family has. */
  readonly has: (name: string) => boolean;
}

/** An adapter here: a method, its stored tensors, and those of the classification head beside it, if any. */
export interface Own {
  readonly method: Method;
  readonly tensors: Named;
  readonly head: Named;
  /** Names of the head's classes in their order, where the folder tells them. */
  readonly labels?: readonly string[];
}

export function text(config: Config, key: string): string | undefined {
  const value = config[key];
  return typeof value === 'string' ? value : undefined;
}

/** A word, or nothing. @throws UserError where something else stands */
export function word(config: Config, key: string, file: string = 'adapter_config.json'): string | undefined {
  const value = config[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  throw new UserError(`${file}: ${key} must be a word, not ${JSON.stringify(value)}`);
}

/**
 * A switch. The libraries take 1 and "true" for true, a reader that asks for true itself takes them for false: they are
 * refused.
 * @param usual where the file says nothing
 */
export function flag(
  config: Config,
  key: string,
  usual: boolean = false,
  file: string = 'adapter_config.json',
): boolean {
  const value = config[key] ?? usual;
  if (typeof value === 'boolean') return value;
  throw new UserError(`${file}: ${key} must be true or false, not ${JSON.stringify(value)}`);
}

export function number(config: Config, key: string): number {
  const value = config[key];
  if (typeof value === 'number') return value;
  throw new UserError(`adapter_config.json: ${key} must be a number, not ${JSON.stringify(value)}`);
}

/**
 * What a file holds by its names here. @throws UserError where two of the file's names are one here, so that the second
 * does not take the first one's place unsaid
 */
export function onlyOnce<T extends { readonly name: string }>(
  entries: readonly (readonly [own: string, found: T])[],
): ReadonlyMap<string, T> {
  const made = new Map<string, T>();
  for (const [own, found] of entries) {
    const other = made.get(own);
    if (other !== undefined)
      throw new UserError(
        `the file holds ${other.name} and ${found.name}, which are one and the same: take out the one that did not train`,
      );
    made.set(own, found);
  }
  return made;
}

/** Refuses what cannot be expressed on the other side, with the reason. */
export function cannot(what: string, reason: string): UserError {
  return new UserError(`${what} does not carry over: ${reason}`);
}

/** Tensors of a file, each name once. @throws UserError where two changes would stand under one name */
export function byName(entries: readonly (readonly [string, Values])[]): Named {
  const names = new Set<string>();
  for (const [name] of entries) {
    if (names.has(name)) throw cannot(`two changes under ${name}`, 'a folder holds one tensor of each name');
    names.add(name);
  }
  return Object.fromEntries(entries);
}
