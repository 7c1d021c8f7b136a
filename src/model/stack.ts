import { gatherRows } from '../engine/layers';
import type { Tensor } from '../engine/tf';
import type { Place, Recall, Stream } from './place';
import { block, normOf, type Cross } from './block';
import type { Forward, Frozen } from './forward';
import { fullLayout } from './layout';
import { rotationsOf } from './rotary';
import { isWindowed, layersOf } from './shapes';
import type { Stack } from './site';

/** What the blocks of a stack share in one pass. */
export interface Pass {
  readonly forward: Forward;
  /** Added to self-attention's scores, grid by grid. */
  readonly masks: readonly Tensor[];
  /** The same for layers that see near tokens alone. */
  readonly nearMasks?: readonly Tensor[];
  readonly hidesPaddingAlone?: boolean;
  /** For the last block where only some rows go on, and every sequence's own row of them, int32 `[B]`. */
  readonly final?: { readonly rows: Tensor; readonly masks: readonly Tensor[] };
  readonly cross?: Cross;
  readonly recall?: Recall;
  /** Blocks `from` to `to` alone, the second not among them; all where left out. */
  readonly blocks?: readonly [from: number, to: number];
}

/** All blocks of a stack and its final norm, or some of them. @returns `[N, d]`, or one row a sequence where `final` says so */
export function runStack({ shape, weights }: Frozen, stack: Stack, start: Stream, pass: Pass): Tensor {
  const { forward, final, cross, recall } = pass;
  const layers = layersOf(shape, stack);
  const [from, to] = pass.blocks ?? [0, layers];
  let stream = start;
  for (let layer = from; layer < to; layer++) {
    const place: Place = { shape, weights, stack, layer, ...forward, ...(recall === undefined ? {} : { recall }) };
    const few = layer === layers - 1 ? final : undefined;
    const near = isWindowed(shape, layer);
    const masks = near ? pass.nearMasks : pass.masks;
    if (masks === undefined) throw new Error(`layer ${layer} sees near tokens alone, and the pass has no mask for it`);
    stream = block(
      place,
      few === undefined ? stream : onlyRows(stream, few.rows),
      { memory: stream, masks: few?.masks ?? masks, hidesPaddingAlone: pass.hidesPaddingAlone === true && !near },
      cross,
    );
  }
  return shape.norm.final && to === layers ? normOf(shape, weights, `${stack}.norm`)(stream.x) : stream.x;
}

function onlyRows(stream: Stream, rows: Tensor): Stream {
  const { rotations } = stream;
  const x = gatherRows(stream.x, rows);
  const layout = fullLayout(stream.layout.grids.map(({ size }) => ({ size, length: 1 })));
  return { x, layout, ...(rotations && { rotations: rotationsOf(rotations, rows) }) };
}
