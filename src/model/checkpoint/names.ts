import type { Family } from '../shape';

/** How a stored tensor becomes a weight: its canonical name, and whether it is stored `[out, in]` (PyTorch's Linear). */
export interface Target { readonly name: string; readonly transpose: boolean }

type Rule = readonly [pattern: RegExp, name: string];

const linear = (from: string, to: string): Rule[] => [
  [new RegExp(`^${from}\\.weight$`), `${to}.weight!`],
  [new RegExp(`^${from}\\.bias$`), `${to}.bias`],
];
const norm = (from: string, to: string): Rule[] => [
  [new RegExp(`^${from}\\.(?:weight|gamma)$`), `${to}.gain`],
  [new RegExp(`^${from}\\.(?:bias|beta)$`), `${to}.bias`],
];

const bertLayer = 'encoder\\.layer\\.(\\d+)';

/** `$1` is the layer; a trailing `!` says that the matrix is stored transposed. */
const rules: Readonly<Partial<Record<Family, readonly Rule[]>>> = {
  bert: [
    [/^embeddings\.word_embeddings\.weight$/, 'embedding.word'],
    [/^embeddings\.position_embeddings\.weight$/, 'embedding.position'],
    [/^embeddings\.token_type_embeddings\.weight$/, 'embedding.type'],
    ...norm('embeddings\\.LayerNorm', 'embedding.norm'),
    ...linear(`${bertLayer}\\.attention\\.self\\.query`, 'encoder.$1.attn.query'),
    ...linear(`${bertLayer}\\.attention\\.self\\.key`, 'encoder.$1.attn.key'),
    ...linear(`${bertLayer}\\.attention\\.self\\.value`, 'encoder.$1.attn.value'),
    ...linear(`${bertLayer}\\.attention\\.output\\.dense`, 'encoder.$1.attn.out'),
    ...norm(`${bertLayer}\\.attention\\.output\\.LayerNorm`, 'encoder.$1.attn.norm'),
    ...linear(`${bertLayer}\\.intermediate\\.dense`, 'encoder.$1.ffn.up'),
    ...linear(`${bertLayer}\\.output\\.dense`, 'encoder.$1.ffn.down'),
    ...norm(`${bertLayer}\\.output\\.LayerNorm`, 'encoder.$1.ffn.norm'),
    ...linear('pooler\\.dense', 'pooler'),
  ],
};

const prefixes = /^(?:bert|roberta|distilbert|transformer|model)\./;

/** The canonical weight that a stored name stands for; undefined for heads and buffers that the backbone does not use. */
export function canonicalName(family: Family, stored: string): Target | undefined {
  const bare = stored.replace(prefixes, '');
  for (const [pattern, name] of rules[family] ?? []) {
    if (!pattern.test(bare)) continue;
    const full = bare.replace(pattern, name);
    return full.endsWith('!') ? { name: full.slice(0, -1), transpose: true } : { name: full, transpose: false };
  }
  return undefined;
}
