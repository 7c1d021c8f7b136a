import type { Family, ModelShape } from '../../model/shape';
import { hasCrossAttention, layersOf, stacksOf } from '../../model/shapes';
import type { Stack } from '../../model/site';
import { cannot } from './base';

/**
 * A part of one block: `attn.query`, `attn.out`, `ffn.gate`, `attn.norm`, and the sub-layers `attn`, `cross`, `ffn`
 * themselves.
 */
export interface BlockPart {
  readonly stack: Stack;
  readonly layer: number;
  readonly part: string;
}

/**
 * Where a family keeps its parts: `@` the stack, `#` the layer, `%` T5's number of the FFN sub-layer. Sub-layers are
 * named as adapters names them.
 */
interface Layout {
  readonly block: string;
  readonly parts: Readonly<Record<string, string>>;
  /** Norms outside the blocks, by canonical name. */
  readonly norms: Readonly<Record<string, string>>;
  /** What transformers puts before the names of the bare model. */
  readonly root: string;
}

const attention = (
  to: string,
  from: string,
  names: readonly [string, string, string, string],
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    ['query', 'key', 'value', 'out'].map((part, i) => [`${to}.${part}`, `${from}${names[i] as string}`]),
  );
const subLayers = { attn: 'attention_adapters', cross: 'cross_attention_adapters', ffn: 'output_adapters' } as const;

const bert: Layout = {
  root: '',
  block: 'encoder.layer.#',
  norms: { 'embedding.norm': 'embeddings.LayerNorm' },
  parts: {
    ...attention('attn', 'attention.', ['self.query', 'self.key', 'self.value', 'output.dense']),
    'attn.norm': 'attention.output.LayerNorm',
    attn: 'attention.output',
    'ffn.up': 'intermediate.dense',
    'ffn.down': 'output.dense',
    'ffn.norm': 'output.LayerNorm',
    ffn: 'output',
  },
};
const bart: Layout = {
  root: 'model.',
  block: 'model.@.layers.#',
  norms: {
    'encoder.embeddingNorm': 'model.encoder.layernorm_embedding',
    'decoder.embeddingNorm': 'model.decoder.layernorm_embedding',
    'encoder.norm': 'model.encoder.layer_norm',
    'decoder.norm': 'model.decoder.layer_norm',
  },
  parts: {
    ...attention('attn', 'self_attn.', ['q_proj', 'k_proj', 'v_proj', 'out_proj']),
    'attn.norm': 'self_attn_layer_norm',
    ...attention('cross', 'encoder_attn.', ['q_proj', 'k_proj', 'v_proj', 'out_proj']),
    'cross.norm': 'encoder_attn_layer_norm',
    'ffn.up': 'fc1',
    'ffn.down': 'fc2',
    'ffn.norm': 'final_layer_norm',
    ...subLayers,
  },
};
const layouts: Readonly<Partial<Record<Family, Layout>>> = {
  bert,
  roberta: bert,
  bart,
  mbart: bart,
  distilbert: {
    root: '',
    block: 'transformer.layer.#',
    norms: { 'embedding.norm': 'embeddings.LayerNorm' },
    parts: {
      ...attention('attn', 'attention.', ['q_lin', 'k_lin', 'v_lin', 'out_lin']),
      'attn.norm': 'sa_layer_norm',
      'ffn.up': 'ffn.lin1',
      'ffn.down': 'ffn.lin2',
      'ffn.norm': 'output_layer_norm',
      ...subLayers,
    },
  },
  gpt2: {
    root: 'transformer.',
    block: 'transformer.h.#',
    norms: { 'decoder.norm': 'transformer.ln_f' },
    parts: {
      ...attention('attn', 'attn.', ['c_attn', 'c_attn', 'c_attn', 'c_proj']),
      'attn.norm': 'ln_1',
      'ffn.up': 'mlp.c_fc',
      'ffn.down': 'mlp.c_proj',
      'ffn.norm': 'ln_2',
      ...subLayers,
    },
  },
  llama: {
    root: 'model.',
    block: 'model.layers.#',
    norms: { 'decoder.norm': 'model.norm' },
    parts: {
      ...attention('attn', 'self_attn.', ['q_proj', 'k_proj', 'v_proj', 'o_proj']),
      'attn.norm': 'input_layernorm',
      'ffn.up': 'mlp.up_proj',
      'ffn.gate': 'mlp.gate_proj',
      'ffn.down': 'mlp.down_proj',
      'ffn.norm': 'post_attention_layernorm',
      ...subLayers,
    },
  },
  t5: {
    root: '',
    block: '@.block.#',
    norms: { 'encoder.norm': 'encoder.final_layer_norm', 'decoder.norm': 'decoder.final_layer_norm' },
    parts: {
      ...attention('attn', 'layer.0.SelfAttention.', ['q', 'k', 'v', 'o']),
      'attn.norm': 'layer.0.layer_norm',
      attn: 'layer.0',
      ...attention('cross', 'layer.1.EncDecAttention.', ['q', 'k', 'v', 'o']),
      'cross.norm': 'layer.1.layer_norm',
      cross: 'layer.1',
      'ffn.up': 'layer.%.DenseReluDense.wi',
      'ffn.gate': 'layer.%.DenseReluDense.wi_0',
      'ffn.down': 'layer.%.DenseReluDense.wo',
      'ffn.norm': 'layer.%.layer_norm',
      ffn: 'layer.%',
    },
  },
};

/** Families whose adapters are exchanged. */
export const exchanged: readonly Family[] = Object.keys(layouts) as Family[];

function layoutOf(family: Family): Layout {
  const layout = layouts[family];
  if (layout === undefined) throw cannot(`an adapter of a ${family} model`, `exchange knows ${exchanged.join(', ')}`);
  return layout;
}

/** What stands before the names of a model's own modules (`transformer.` for GPT-2 with its head). */
export function rootOf({ family }: ModelShape): string {
  return layoutOf(family).root;
}

/** Path of a part's module in transformers' model, bare encoders or language models with their head. */
export function modulePath(shape: ModelShape, { stack, layer, part }: BlockPart): string {
  const { block, parts } = layoutOf(shape.family);
  const name = parts[part];
  if (name === undefined) throw new Error(`${shape.family} has no ${part}`);
  const path = `${block}.${name}`
    .replace('@', stack)
    .replace('#', String(layer))
    .replace('%', stack === 'encoder' ? '1' : '2');
  return shape.family === 't5' && shape.gatedFfn && part === 'ffn.up' ? `${path}_1` : path;
}

/** Every part of every block of a model. */
export function blockParts(shape: ModelShape): readonly BlockPart[] {
  const cross = hasCrossAttention(shape);
  return stacksOf(shape)
    .flatMap((stack) =>
      Array.from({ length: layersOf(shape, stack) }, (_, layer) =>
        Object.keys(layoutOf(shape.family).parts)
          .filter(
            (part) =>
              (!part.startsWith('cross') || (cross && stack === 'decoder')) && (part !== 'ffn.gate' || shape.gatedFfn),
          )
          .map((part) => ({ stack, layer, part })),
      ),
    )
    .flat();
}

/** Modules of the norms by canonical name, those outside the blocks too. */
export function normModules(shape: ModelShape): ReadonlyMap<string, string> {
  const inside = blockParts(shape)
    .filter(({ part }) => part.endsWith('.norm'))
    .map((at) => [`${at.stack}.${at.layer}.${at.part}`, modulePath(shape, at)] as const);
  const { norms } = layoutOf(shape.family);
  const outside = Object.entries(norms).filter(([name]) =>
    /embedding/i.test(name) ? shape.embeddingNorm : shape.norm.final,
  );
  return new Map([...inside, ...outside]);
}

/** Parts by module path; GPT-2 keeps query, key and value in one. Paths compare without their root. */
export function partsByModule(shape: ModelShape): (path: string) => readonly BlockPart[] {
  const found = new Map<string, BlockPart[]>();
  for (const at of blockParts(shape)) {
    const path = bare(modulePath(shape, at));
    found.set(path, [...(found.get(path) ?? []), at]);
  }
  return (path) => found.get(bare(path)) ?? [];
}

/** A path without the names of the models around the bare one. */
export function bare(path: string): string {
  return path.replace(root, '').replace(root, '');
}

const root = /^(?:bert|roberta|distilbert|transformer|model)\./;
