import type { Family } from '../shape';

/**
 * How a stored tensor becomes a weight: its canonical name, and whether it is stored `[out, in]` (PyTorch's Linear).
 */
export interface Target {
  readonly name: string;
  readonly transpose: boolean;
  /** Third of the columns, where query, key and value are stored as one tensor. */
  readonly third: 0 | 1 | 2 | null;
  /**
   * Heads of a query or key matrix whose rotary pairs are stored as neighbours (GGUF); here they are halves of a head.
   */
  readonly pairedHeads: number | null;
}

export function plainTarget(name: string, transpose: boolean): Target {
  return { name, transpose, third: null, pairedHeads: null };
}

type Rule = readonly [pattern: RegExp, name: string];

/** A matrix stored `[out, in]` (marked `!`) and its bias. */
const linear = (from: string, to: string): Rule[] => [
  [new RegExp(`^${from}\\.weight$`), `${to}.weight!`],
  [new RegExp(`^${from}\\.bias$`), `${to}.bias`],
];
/** A matrix stored as it is used, `[in, out]`, and its bias (GPT-2's Conv1D). */
const plain = (from: string, to: string): Rule[] => [[new RegExp(`^${from}\\.(weight|bias)$`), `${to}.$2`]];
const norm = (from: string, to: string): Rule[] => [
  [new RegExp(`^${from}\\.(?:weight|gamma)$`), `${to}.gain`],
  [new RegExp(`^${from}\\.(?:bias|beta)$`), `${to}.bias`],
];

const bertEmbeddings: Rule[] = [
  [/^embeddings\.word_embeddings\.weight$/, 'embedding.word'],
  [/^embeddings\.position_embeddings\.weight$/, 'embedding.position'],
  [/^embeddings\.token_type_embeddings\.weight$/, 'embedding.type'],
  ...norm('embeddings\\.LayerNorm', 'embedding.norm'),
];

const bertLayer = 'encoder\\.layer\\.(\\d+)';
const bert: Rule[] = [
  ...bertEmbeddings,
  ...linear(`${bertLayer}\\.attention\\.self\\.(query|key|value)`, 'encoder.$1.attn.$2'),
  ...linear(`${bertLayer}\\.attention\\.output\\.dense`, 'encoder.$1.attn.out'),
  ...norm(`${bertLayer}\\.attention\\.output\\.LayerNorm`, 'encoder.$1.attn.norm'),
  ...linear(`${bertLayer}\\.intermediate\\.dense`, 'encoder.$1.ffn.up'),
  ...linear(`${bertLayer}\\.output\\.dense`, 'encoder.$1.ffn.down'),
  ...norm(`${bertLayer}\\.output\\.LayerNorm`, 'encoder.$1.ffn.norm'),
  ...linear('pooler\\.dense', 'pooler'),
];

const distilLayer = 'layer\\.(\\d+)';
const distilbert: Rule[] = [
  ...bertEmbeddings,
  ...linear(`${distilLayer}\\.attention\\.(q|k|v|out)_lin`, 'encoder.$1.attn.$2'),
  ...norm(`${distilLayer}\\.sa_layer_norm`, 'encoder.$1.attn.norm'),
  ...linear(`${distilLayer}\\.ffn\\.lin1`, 'encoder.$1.ffn.up'),
  ...linear(`${distilLayer}\\.ffn\\.lin2`, 'encoder.$1.ffn.down'),
  ...norm(`${distilLayer}\\.output_layer_norm`, 'encoder.$1.ffn.norm'),
];

const gptLayer = 'h\\.(\\d+)';
const gpt2: Rule[] = [
  [/^wte\.weight$/, 'embedding.word'],
  [/^wpe\.weight$/, 'embedding.position'],
  ...norm(`${gptLayer}\\.ln_1`, 'decoder.$1.attn.norm'),
  ...norm(`${gptLayer}\\.ln_2`, 'decoder.$1.ffn.norm'),
  ...plain(`${gptLayer}\\.attn\\.c_attn`, 'decoder.$1.attn.{qkv}'),
  ...plain(`${gptLayer}\\.attn\\.c_proj`, 'decoder.$1.attn.out'),
  ...plain(`${gptLayer}\\.mlp\\.c_fc`, 'decoder.$1.ffn.up'),
  ...plain(`${gptLayer}\\.mlp\\.c_proj`, 'decoder.$1.ffn.down'),
  ...norm('ln_f', 'decoder.norm'),
];

const llamaLayer = 'layers\\.(\\d+)';
const llama: Rule[] = [
  [/^embed_tokens\.weight$/, 'embedding.word'],
  ...linear(`${llamaLayer}\\.self_attn\\.(q|k|v|o)_proj`, 'decoder.$1.attn.$2'),
  ...norm(`${llamaLayer}\\.input_layernorm`, 'decoder.$1.attn.norm'),
  ...linear(`${llamaLayer}\\.mlp\\.(gate|up|down)_proj`, 'decoder.$1.ffn.$2'),
  ...norm(`${llamaLayer}\\.post_attention_layernorm`, 'decoder.$1.ffn.norm'),
  ...norm('norm', 'decoder.norm'),
  [/^lm_head\.weight$/, 'output.weight!'],
];

const bartLayer = '(encoder|decoder)\\.layers\\.(\\d+)';
const bart: Rule[] = [
  [/^shared\.weight$/, 'embedding.word'],
  [/^(encoder|decoder)\.embed_positions\.weight$/, '$1.position'],
  ...norm('(encoder|decoder)\\.layernorm_embedding', '$1.embeddingNorm'),
  ...linear(`${bartLayer}\\.self_attn\\.(q|k|v|out)_proj`, '$1.$2.attn.$3'),
  ...norm(`${bartLayer}\\.self_attn_layer_norm`, '$1.$2.attn.norm'),
  ...linear(`${bartLayer}\\.encoder_attn\\.(q|k|v|out)_proj`, '$1.$2.cross.$3'),
  ...norm(`${bartLayer}\\.encoder_attn_layer_norm`, '$1.$2.cross.norm'),
  ...linear(`${bartLayer}\\.fc1`, '$1.$2.ffn.up'),
  ...linear(`${bartLayer}\\.fc2`, '$1.$2.ffn.down'),
  ...norm(`${bartLayer}\\.final_layer_norm`, '$1.$2.ffn.norm'),
  ...norm('(encoder|decoder)\\.layer_norm', '$1.norm'),
  [/^lm_head\.weight$/, 'output.weight!'],
];

const t5Layer = '(encoder|decoder)\\.block\\.(\\d+)\\.layer\\.\\d';
/** The sub-layer's own number says nothing its name does not: norms follow theirs. */
const t5: Rule[] = [
  [/^shared\.weight$/, 'embedding.word'],
  [/^(encoder|decoder)\.block\.0\.layer\.0\.SelfAttention\.relative_attention_bias\.weight$/, '$1.relative'],
  ...linear(`${t5Layer}\\.SelfAttention\\.(q|k|v|o)`, '$1.$2.attn.$3'),
  ...linear(`${t5Layer}\\.EncDecAttention\\.(q|k|v|o)`, '$1.$2.cross.$3'),
  ...linear(`${t5Layer}\\.DenseReluDense\\.(wi|wi_0|wi_1|wo)`, '$1.$2.ffn.$3'),
  [/^(encoder|decoder)\.block\.(\d+)\.layer\.0\.layer_norm\.weight$/, '$1.$2.attn.norm.gain'],
  [/^encoder\.block\.(\d+)\.layer\.1\.layer_norm\.weight$/, 'encoder.$1.ffn.norm.gain'],
  [/^decoder\.block\.(\d+)\.layer\.1\.layer_norm\.weight$/, 'decoder.$1.cross.norm.gain'],
  [/^decoder\.block\.(\d+)\.layer\.2\.layer_norm\.weight$/, 'decoder.$1.ffn.norm.gain'],
  [/^(encoder|decoder)\.final_layer_norm\.weight$/, '$1.norm.gain'],
  [/^lm_head\.weight$/, 'output.weight!'],
];

const rules: Readonly<Record<Family, readonly Rule[]>> = {
  bert,
  roberta: bert,
  distilbert,
  gpt2,
  llama,
  bart,
  mbart: bart,
  t5,
};

const prefixes = /^(?:bert|roberta|distilbert|transformer|model)\./;

/** Short forms that stored names use in place of the words here. `wi` is the only up matrix, `wi_0` the gate of two. */
const words: Readonly<Record<string, string>> = {
  q: 'query',
  k: 'key',
  v: 'value',
  o: 'out',
  wi: 'up',
  wi_0: 'gate',
  wi_1: 'up',
  wo: 'down',
};

/** The canonical weights that a stored tensor holds; none for heads and buffers that the backbone does not use. */
export function canonicalNames(family: Family, stored: string): readonly Target[] {
  const bare = stored.replace(prefixes, '').replace(prefixes, '');
  for (const [pattern, name] of rules[family]) {
    if (!pattern.test(bare)) continue;
    const full = bare
      .replace(pattern, name)
      .replace(/\.(q|k|v|o|wi|wi_0|wi_1|wo)\./, (_, short: string) => `.${words[short] ?? short}.`);
    if (full.includes('{qkv}'))
      return ['query', 'key', 'value'].map((part, third) => ({
        ...plainTarget(full.replace('{qkv}', part), false),
        third: third as 0 | 1 | 2,
      }));
    return [full.endsWith('!') ? plainTarget(full.slice(0, -1), true) : plainTarget(full, false)];
  }
  return [];
}
