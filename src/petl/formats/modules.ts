import type { Family, ModelShape } from '../../model/shape';
import { hasCrossAttention, layersOf, stacksOf, weightShapes } from '../../model/shapes';
import type { Stack } from '../../model/site';
import { cannot } from './base';
import type { Library } from './folder';

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
  /** The table of words, that of the first stack where both have one. */
  readonly words: string;
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
  words: 'embeddings.word_embeddings',
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
  words: 'model.shared',
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
const llama: Layout = {
  root: 'model.',
  words: 'model.embed_tokens',
  block: 'model.layers.#',
  norms: { 'decoder.norm': 'model.norm' },
  parts: {
    ...attention('attn', 'self_attn.', ['q_proj', 'k_proj', 'v_proj', 'o_proj']),
    'attn.norm': 'input_layernorm',
    'ffn.gate': 'mlp.gate_proj',
    'ffn.up': 'mlp.up_proj',
    'ffn.down': 'mlp.down_proj',
    'ffn.norm': 'post_attention_layernorm',
    ...subLayers,
  },
};
const turned = { 'attn.queryNorm': 'self_attn.q_norm', 'attn.keyNorm': 'self_attn.k_norm' } as const;
const qwen3: Layout = { ...llama, parts: { ...llama.parts, ...turned } };
const gemma2: Layout = {
  ...llama,
  parts: {
    ...llama.parts,
    'attn.outputNorm': 'post_attention_layernorm',
    'ffn.norm': 'pre_feedforward_layernorm',
    'ffn.outputNorm': 'post_feedforward_layernorm',
  },
};
const phi3: Layout = {
  ...llama,
  parts: {
    ...llama.parts,
    ...attention('attn', 'self_attn.', ['qkv_proj', 'qkv_proj', 'qkv_proj', 'o_proj']),
    'ffn.gate': 'mlp.gate_up_proj',
    'ffn.up': 'mlp.gate_up_proj',
  },
};
const t5: Layout = {
  root: '',
  words: 'shared',
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
};
const distilbert: Layout = {
  root: '',
  words: bert.words,
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
};
const mpnet: Layout = {
  ...bert,
  parts: {
    ...bert.parts,
    ...attention('attn', 'attention.attn.', ['q', 'k', 'v', 'o']),
    'attn.norm': 'attention.LayerNorm',
  },
};
const modernbert: Layout = {
  root: '',
  words: 'embeddings.tok_embeddings',
  block: 'layers.#',
  norms: { 'embedding.norm': 'embeddings.norm', 'encoder.norm': 'final_norm' },
  parts: {
    ...attention('attn', 'attn.', ['Wqkv', 'Wqkv', 'Wqkv', 'Wo']),
    'attn.norm': 'attn_norm',
    'ffn.gate': 'mlp.Wi',
    'ffn.up': 'mlp.Wi',
    'ffn.down': 'mlp.Wo',
    'ffn.norm': 'mlp_norm',
    ...subLayers,
  },
};
const gpt2: Layout = {
  root: 'transformer.',
  words: 'transformer.wte',
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
};
const fused = 'query_key_value';
const neox: Layout = {
  root: 'gpt_neox.',
  words: 'gpt_neox.embed_in',
  block: 'gpt_neox.layers.#',
  norms: { 'decoder.norm': 'gpt_neox.final_layer_norm' },
  parts: {
    ...attention('attn', 'attention.', [fused, fused, fused, 'dense']),
    'attn.norm': 'input_layernorm',
    'ffn.up': 'mlp.dense_h_to_4h',
    'ffn.down': 'mlp.dense_4h_to_h',
    'ffn.norm': 'post_attention_layernorm',
    ...subLayers,
  },
};
const opt: Layout = {
  root: 'model.',
  words: 'model.decoder.embed_tokens',
  block: 'model.decoder.layers.#',
  norms: { 'decoder.norm': 'model.decoder.final_layer_norm' },
  parts: {
    ...attention('attn', 'self_attn.', ['q_proj', 'k_proj', 'v_proj', 'out_proj']),
    'attn.norm': 'self_attn_layer_norm',
    'ffn.up': 'fc1',
    'ffn.down': 'fc2',
    'ffn.norm': 'final_layer_norm',
    ...subLayers,
  },
};

const layouts: Readonly<Partial<Record<Family, Layout>>> = {
  ...{ bert, roberta: bert, distilbert, electra: bert, mpnet, modernbert },
  ...{ gpt2, gpt_neox: neox, opt, llama, mistral: llama, qwen2: llama, qwen3, smollm3: llama, phi3 },
  ...{ gemma: llama, gemma2, gemma3_text: { ...gemma2, parts: { ...gemma2.parts, ...turned } } },
  ...{ bart, mbart: bart, marian: bart, pegasus: bart, t5, mt5: t5 },
};

/** Families whose adapters are exchanged: ALBERT's layers share their weights, a change of theirs has no single layer. */
export const exchanged: Readonly<Record<Library, readonly Family[]>> = {
  peft: Object.keys(layouts) as Family[],
  adapters: ['bert', 'roberta', 'bart', 'mbart', 'distilbert', 'gpt2', 'llama', 't5'],
};

/** @throws UserError where adapters of the model's family are not exchanged with a library */
export function demandExchanged(library: Library, { family }: ModelShape): void {
  if (!exchanged[library].includes(family))
    throw cannot(`an adapter of a ${family} model`, `exchange with ${library} knows ${exchanged[library].join(', ')}`);
}

function layoutOf(family: Family): Layout {
  const layout = layouts[family];
  if (layout === undefined)
    throw cannot(`an adapter of a ${family} model`, `exchange knows ${exchanged.peft.join(', ')}`);
  return layout;
}

/** The module of the word table. */
export function wordTable({ family }: ModelShape): string {
  return layoutOf(family).words;
}

/** Whether a part is a norm: a block's own, of queries and keys, of what a sub-layer puts out. */
export const isNormPart = (part: string): boolean => /\.(norm|\w+Norm)$/.test(part);

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
  return layoutOf(shape.family) === t5 && shape.gatedFfn && part === 'ffn.up' ? `${path}_1` : path;
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
    .filter(({ part }) => isNormPart(part))
    .map((at) => [`${at.stack}.${at.layer}.${at.part}`, modulePath(shape, at)] as const);
  const { norms } = layoutOf(shape.family);
  const sizes = weightShapes(shape);
  return new Map([...inside, ...Object.entries(norms)].filter(([name]) => sizes[`${name}.gain`] !== undefined));
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

const root = /^(?:bert|roberta|distilbert|electra|mpnet|gpt_neox|transformer|model)\./;
