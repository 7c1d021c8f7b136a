import type { ModelShape } from './shape';
import { weightShapes } from './shapes';

/**
 * Matrices that every pass multiplies by as they stand: projections that are never joined (`projections.ts`), FFNs that
 * no constant goes into (`feedforward.ts`), a head of its own.
 */
export function plainMatrices(shape: ModelShape): readonly string[] {
  const plain = [...(joins(shape) ? [] : ['attn.query', 'attn.key', 'attn.value']), 'attn.out', ...ffn(shape)];
  const cross = ['cross.query', 'cross.key', 'cross.value', 'cross.out'];
  const ends = [...plain, ...cross].map((site) => `.${site}.weight`);
  return Object.keys(weightShapes(shape)).filter(
    (name) => name === 'output.weight' || ends.some((end) => name.endsWith(end)),
  );
}

function joins({ heads, keyValueHeads, queryKeyNorm, positions }: ModelShape): boolean {
  const turns = positions.kind === 'rotary' && positions.still.length === 0;
  return heads === keyValueHeads && !queryKeyNorm && !turns;
}

function ffn({ activation, gatedFfn }: ModelShape): readonly string[] {
  return activation === 'gelu' && !gatedFfn ? [] : ['ffn.gate', 'ffn.up', 'ffn.down'];
}
