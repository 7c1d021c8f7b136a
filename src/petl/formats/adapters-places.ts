import { UserError } from '../../errors';
import type { ModelShape } from '../../model/shape';
import type { Stack } from '../../model/site';
import { flag } from './base';
import type { Config } from './folder';
import { some, type Notes } from './report';

/** Which switch of a configuration says that it changes a place. */
export type Switch =
  | 'mh_adapter'
  | 'cross_adapter'
  | 'output_adapter'
  | 'selfattn_lora'
  | 'intermediate_lora'
  | 'output_lora'
  | 'prefix_tuning';

/** adapters numbers layers through: those of an encoder, then those of its decoder. */
export function layerNumber(stack: Stack, layer: number, { encoderLayers }: ModelShape): number {
  return stack === 'decoder' ? layer + encoderLayers : layer;
}

/**
 * The one of a union's members that changes a place, as the library's `match` finds it. @throws UserError where it
 * finds two, as the library does
 */
export function memberAt(configs: readonly Config[], key: Switch, layer: number): Config | undefined {
  const found = configs.filter(
    (config) => (key === 'prefix_tuning' || flag(config, key)) && !leftOut(config).includes(layer),
  );
  if (found.length > 1)
    throw new UserError(
      `adapter_config.json: two members of the union change layer ${layer} by ${key}: adapters opens no such file`,
    );
  return found[0];
}

export function leftOut(config: Config): readonly number[] {
  const left = config['leave_out'] ?? [];
  if (Array.isArray(left) && left.every((layer) => Number.isInteger(layer))) return left as readonly number[];
  throw new UserError(`adapter_config.json: leave_out must be layers, not ${JSON.stringify(left)}`);
}

/** Tensors of a place that changes which nothing in the configuration asks for: adapters passes over them in silence. */
export function demandAsked(left: readonly string[], notes: Notes): void {
  if (left.length > 0)
    notes.gap(`the tensors ${some(left)} do not carry over: adapter_config.json asks for nothing like them`);
}

/** Configuration and tensors must agree: what the configuration leaves out is not read, and named. */
export function demandAgreement(wanted: readonly string[], found: Iterable<string>, notes: Notes): void {
  const there = new Set(found);
  const missing = wanted.find((module) => !there.has(module));
  if (missing !== undefined)
    throw new UserError(
      `adapter_config.json changes ${missing}, the file has no tensors of it: the two belong to different adapters`,
    );
  const other = [...there].filter((module) => !wanted.includes(module));
  if (other.length > 0)
    notes.note(`not read, here or by adapters, since adapter_config.json leaves them out: ${some(other)}`);
}
