import { changed, variantOf, type Block, type Configuration } from './block';
import {
  curved,
  deviationKeys,
  feelings,
  fields,
  manySettings,
  variantKeys,
  versions,
  type HoulsbyKey,
} from './many-tasks';
import { declared, type Declared } from './study';

const about = {
  source: 'Houlsby et al. 2019',
  notebook: 'notebooks/10-one-model-many-tasks.ipynb',
  minutes: 0.6,
} as const;

const on = (block: Block): readonly Block[] => [block];

/** Tables 1 and 2: every task by full fine-tuning, its upper half, and adapters. */
export const extraTasks: Declared = declared('extra-tasks', (tier) => ({
  ...about,
  title: 'Thirteen tasks: full fine-tuning, the top half, adapters',
  rows: ['B4'],
  variants: (['full', 'top:3', 'houlsby:32'] as const).map((key) =>
    variantOf(
      versions.configurations()[key],
      manySettings.map(({ block }) => block),
      tier,
    ),
  ),
}));

const sizes: readonly HoulsbyKey[] = [
  ...(['full', 'head', 'layernorm', 'top:1', 'top:3'] as const),
  ...(['houlsby:1', 'houlsby:4', 'houlsby:32', 'houlsby:128'] as const),
];

/** Figures 3 and 4: score over trained parameters, on five tasks. */
export const tradeOff: Declared = declared('trade-off', (tier) => ({
  ...about,
  title: 'Score over trained parameters: adapters, top layers, LayerNorms',
  rows: ['B1', 'B2', 'B5', 'B6', 'B7', 'B8'],
  variants: sizes.map((key) => {
    const blocks = [versions, feelings, fields, ...curved].map(({ block }) => block);
    return variantOf(versions.configurations()[key], blocks, tier);
  }),
}));

/** Figure 6, right, on two tasks. */
export const initialScale: Declared = declared('initial-scale', (tier) => ({
  ...about,
  title: 'The deviation that adapters start from',
  rows: ['B12'],
  variants: (['full', 'houlsby:32', ...deviationKeys] as const).map((key) =>
    variantOf(versions.configurations()[key], [versions.block, fields.block], tier),
  ),
}));

/** Learning rates of Figure 7 and a step beyond them. */
export const rates: readonly number[] = [3e-5, 3e-4, 3e-3, 3e-2];

export const atRate = (config: Configuration, learningRate: number): Configuration =>
  changed(config, { learningRate }, `rate=${learningRate}`);

/** Figure 7: the same rates for both. */
export const rateRange: Declared = declared('rate-range', (tier) => ({
  ...about,
  title: 'Learning rates that adapters and full fine-tuning bear',
  rows: ['B13'],
  variants: (['full', 'houlsby:32'] as const).flatMap((key) =>
    rates.map((rate) => variantOf(atRate(versions.configurations()[key], rate), on(versions.block), tier)),
  ),
}));

/** Section 3.2: an eighth of the examples for as many steps, at two sizes far apart. */
export const dataSize: Declared = declared('data-size', (tier) => ({
  ...about,
  title: 'A large and a small adapter on much and on little data',
  rows: ['B3'],
  variants: (['houlsby:4', 'houlsby:128', 'few:4', 'few:128'] as const).map((key) =>
    variantOf(versions.configurations()[key], on(versions.block), tier),
  ),
}));

/** Section 3.6: what was tried and left out. */
export const adapterVariants: Declared = declared('adapter-variants', (tier) => ({
  ...about,
  title: 'Other adapters: deeper, tanh, with a norm, in attention alone, parallel, multiplied',
  rows: ['B14'],
  variants: (['full', 'houlsby:32', ...variantKeys] as const).map((key) =>
    variantOf(versions.configurations()[key], on(versions.block), tier),
  ),
}));

export const oneModelStudies: readonly Declared[] = [
  ...[extraTasks, tradeOff, dataSize, initialScale, rateRange, adapterVariants],
];
