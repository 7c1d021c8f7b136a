import { UserError } from '../../errors';
import type { ModelShape } from '../shape';
import { backbone, layersOf } from '../shapes';
import type { Stack } from '../site';

/** Layers of a stack, at most. */
export const mostLayers: number = 1 << 10;

/** Whole numbers from least to most that a shape may have, far beyond any model: a larger one is damage. */
const bounds: readonly (readonly [name: string, of: (shape: ModelShape) => number, least: number, most: number])[] = [
  ['width', (shape) => shape.width, 1, 1 << 16],
  ['attention heads', (shape) => shape.heads, 1, 1 << 12],
  ['key-value heads', (shape) => shape.keyValueHeads, 1, 1 << 12],
  ['numbers a head', (shape) => shape.headWidth, 1, 1 << 14],
  ['width of the feed-forward layer', (shape) => shape.ffnWidth, 1, 1 << 20],
  ['encoder layers', (shape) => shape.encoderLayers, 0, mostLayers],
  ['decoder layers', (shape) => shape.decoderLayers, 0, mostLayers],
  ['words', (shape) => shape.vocabulary, 1, 1 << 23],
  ['token types', (shape) => shape.tokenTypes, 0, 1 << 16],
  ['positions', ({ positions }) => (positions.kind === 'learned' ? positions.rows : 1), 1, 1 << 24],
  ['positions', ({ positions }) => (positions.kind === 'sinusoidal' ? positions.rows : 1), 1, 1 << 16], // made here
  ['buckets of positions', ({ positions }) => (positions.kind === 'relative' ? positions.buckets : 4), 4, 1 << 16],
];

const mostParameters = 1e11;

/** Throws a UserError on numbers that no model has, before anything is allocated by them. */
export function demandSane(shape: ModelShape, stacks: readonly Stack[]): void {
  for (const [name, of, least, most] of bounds) {
    const value = of(shape);
    if (!Number.isInteger(value) || value < least || value > most)
      throw new UserError(
        `config.json gives ${value} ${name}: give a whole number from ${least} to ${most}, or copy the model's config.json again`,
      );
  }
  const empty = stacks.find((stack) => layersOf(shape, stack) === 0);
  if (empty !== undefined)
    throw new UserError(`config.json gives the ${empty} 0 layers: a ${shape.family} model has at least one`);
  if (shape.heads % shape.keyValueHeads !== 0)
    throw new UserError(
      `config.json: ${shape.heads} attention heads do not share ${shape.keyValueHeads} key-value heads evenly`,
    );
  if (shape.positions.kind === 'rotary' && shape.headWidth % 2 !== 0)
    throw new UserError(`config.json: rotary positions turn pairs, and ${shape.headWidth} numbers a head is odd`);
  if (shape.positions.kind === 'rotary' && shape.positions.columns !== 'all' && shape.positions.columns % 2 !== 0)
    throw new UserError(
      `config.json: rotary positions turn pairs, and ${shape.positions.columns} numbers of a head is odd: choose another checkpoint`,
    );
  if (backbone(shape) > mostParameters)
    throw new UserError(
      `config.json describes ${backbone(shape)} parameters, more than this project holds: choose a smaller model`,
    );
}
