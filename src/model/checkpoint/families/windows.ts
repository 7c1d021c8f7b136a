import { UserError } from '../../../errors';
import type { Window } from '../../shape';
import { numberIn, type Config } from '../fields';
import { mostLayers } from '../sane';

const kinds = ['full_attention', 'sliding_attention'];

/** 0, 1, 2, ... Throws where no model has as many, before a list of them is made. */
export function layerNumbers(layers: number): readonly number[] {
  if (!Number.isInteger(layers) || layers > mostLayers)
    throw new UserError(
      `config.json gives ${layers} layers: give a whole number from 0 to ${mostLayers}, or copy the model's config.json again`,
    );
  return Array.from({ length: layers }, (_, layer) => layer);
}

/** The layers that a list by name, or the family's own rule, gives a window. @param usual where the config has no list */
export function windowedLayers(config: Config, layers: number, usual: (layer: number) => boolean): readonly number[] {
  const all = layerNumbers(layers);
  const types = config['layer_types'] ?? undefined;
  if (types === undefined) return all.filter(usual);
  if (!Array.isArray(types) || types.length !== layers || types.some((type) => !kinds.includes(String(type))))
    throw new UserError(
      `config.json: layer_types must name ${kinds.join(' or ')} for each of ${layers} layers, not ${JSON.stringify(types)}`,
    );
  return all.filter((layer) => types[layer] === 'sliding_attention');
}

/** A window of `size` tokens in a decoder: the query itself and those before it. */
export function windowOf(size: number, layers: readonly number[]): Window | null {
  if (layers.length === 0) return null;
  if (!Number.isInteger(size) || size < 1)
    throw new UserError(`config.json: a window of ${size} tokens has no meaning`);
  return { reach: size - 1, layers };
}

/** All layers, or none where the size is null. @param usual size where the config has no such key */
export function everywhere(config: Config, layers: number, usual: number | null): Window | null {
  const size = config['sliding_window'] === undefined ? usual : config['sliding_window'];
  if (size === null) return null;
  const all = layerNumbers(layers);
  return windowOf(numberIn(config, 'sliding_window', usual ?? undefined), all);
}
