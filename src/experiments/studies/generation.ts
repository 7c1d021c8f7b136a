import { changed, configuration, configuration as of, variantOf, type Block, type Configuration } from './block';
import { synopsisBlock, translationBlock, unregularised } from './blocks';
import { declared, type Declaration, type Declared } from './study';

/**
 * The configurations of the two generation blocks. Sizes keep He et al.'s shares on petl-mini-seq2seq: l or r of 8
 * stands for their 30
 * (S, 0.5%), 57 for 200 (M, 3.6% at attention), 146 for 512, 292 for 1024; LoRA at the FFN 29 for 102, Pfeiffer 171 for
 * 600, prompts 28
 * for 300, the MLP of a prefix 200 for 800. MAM with l = 8 and r = 146 is L, 6.7%. s = 4 is fixed as in the paper's
 * generation tasks.
 */
export const full: Configuration = of('full', 'full fine-tuning', 'full');
export const bitfit: Configuration = of('bitfit', 'BitFit', 'bitfit');
export const prompt: Configuration = of('prompt:l=28', 'prompt tuning l=28', 'prompt:l=300');

/** The paper's r or l that a size here stands for. */
const paperSize: Readonly<Record<number, number>> = { 1: 1, 8: 30, 57: 200, 146: 512, 292: 1024 };

export const prefix = (l: number): Configuration =>
  of(`prefix:l=${l},mlp=200`, `prefix tuning l=${l}`, `prefix:l=${paperSize[l]},mlp=800`);
export const lora = (r: number): Configuration =>
  of(`lora:r=${r},s=4`, `LoRA (attention) r=${r}`, `lora:r=${paperSize[r]}`);
export const loraFfn = (s: number): Configuration =>
  of(`lora-ffn:r=29,s=${s}`, `LoRA (FFN) r=29${s === 4 ? '' : `, s=${s}`}`, `lora-ffn:r=102,s=${s}`);
const adapter =
  (family: string, label: string) =>
  (r: number): Configuration =>
    of(`${family}:r=${r}`, `${label} r=${r}`, `${family}:r=${paperSize[r]}`);
export const saAttn: (r: number) => Configuration = adapter('sa-attn', 'SA (attention)');
export const saFfn: (r: number) => Configuration = adapter('sa-ffn', 'SA (FFN)');
export const paAttn: (r: number) => Configuration = adapter('pa-attn', 'PA (attention)');
export const paFfn: (r: number) => Configuration = adapter('pa-ffn', 'PA (FFN)');
export const multiHead = (l: number): Configuration =>
  of(`mhpa:l=${l}`, `multi-head PA r=${l}`, `mhpa:l=${paperSize[l]}`);
export const pfeiffer: Configuration = of('pfeiffer:r=171', 'Pfeiffer adapter r=171', 'pfeiffer:r=600');

export const scaled = (s: number | 'learned'): Configuration =>
  of(`pa-ffn:r=146,s=${s}`, `scaled PA (FFN) r=146, s=${s}`, `pa-ffn:r=512,s=${s}`);
export const scaledBertInit: Configuration = of(
  'pa-ffn:r=146,s=4,init=bert',
  "scaled PA (FFN) r=146, s=4, BERT's start",
);
export const ungated: Configuration = of(
  'prefix:l=8,mlp=200,gate=none',
  'prefix tuning without gate l=8',
  'prefix tuning without gate l=30',
);
export const freePrefix: Configuration = of('prefix:l=57', 'prefix tuning l=57, free vectors');
export const plainPrefix: Configuration = changed(prefix(57), unregularised, 'no smoothing, no decay');

export const mam: Configuration = of('mam:l=8,r=146,mlp=200', 'MAM l=8, r=146', 'mam:l=30,r=512,mlp=800');
export const twoAdapters: Configuration = of(
  'pa-attn:r=8+pa-ffn:r=146',
  'PA (attention) r=8 + PA (FFN) r=146',
  'pa-attn:r=30+pa-ffn:r=512',
);
export const prefixLora: Configuration = of(
  'prefix:l=8,mlp=200+lora-ffn:r=29,s=4',
  'prefix l=8 + LoRA (FFN) r=29',
  'prefix:l=30,mlp=800+lora-ffn:r=102,s=4',
);

/** 6.7% in other divisions between attention and FFN. */
export const allFfn: Configuration = of('pa-ffn:r=158,s=4', 'all at the FFN: scaled PA r=158');
export const halfHalf: Configuration = of('mam:l=53,r=79,mlp=200', 'half and half: prefix l=53, scaled PA r=79');
export const allAttention: Configuration = of('prefix:l=105,mlp=200', 'all at attention: prefix l=105');

const both: readonly Configuration[] = [
  full,
  bitfit,
  prompt,
  prefix(8),
  prefix(57),
  prefix(146),
  saFfn(57),
  saFfn(146),
  lora(57),
  saAttn(57),
  saAttn(146),
  paAttn(57),
  paAttn(146),
  paFfn(57),
  paFfn(146),
  paFfn(292),
  loraFfn(4),
  pfeiffer,
  twoAdapters,
  prefixLora,
  mam,
];

export const translationConfigurations: readonly Configuration[] = [
  ...both,
  prefix(1),
  saFfn(1),
  lora(1),
  paAttn(8),
  paFfn(8),
  multiHead(8),
  multiHead(57),
  ungated,
  plainPrefix,
];

export const synopsisConfigurations: readonly Configuration[] = [
  ...both,
  saFfn(8),
  lora(8),
  freePrefix,
  loraFfn(1),
  loraFfn(16),
  scaled(1),
  scaled(4),
  scaled(16),
  scaled('learned'),
  scaledBertInit,
  allFfn,
  halfHalf,
  allAttention,
];

/** The generation blocks in which a configuration is run. */
export function blocksWith(config: Configuration): readonly Block[] {
  const has = (list: readonly Configuration[]): boolean => list.some(({ name }) => name === config.name);
  return [
    ...(has(translationConfigurations) ? [translationBlock] : []),
    ...(has(synopsisConfigurations) ? [synopsisBlock] : []),
  ];
}

interface GenerationStudy extends Omit<Declaration, 'variants'> {
  readonly name: string;
  readonly configurations: readonly Configuration[];
  /** Shown tasks; all that a configuration is run on where left out. */
  readonly tasks?: readonly string[];
}

/** A study of configurations of the generation blocks: their runs on each task that has them. */
export function generationStudy({ name, configurations, tasks, ...about }: GenerationStudy): Declared {
  const shown = (config: Configuration): readonly Block[] =>
    blocksWith(config).filter(({ task }) => tasks?.includes(task) ?? true);
  const all = [...new Set(configurations.flatMap(shown))];
  return declared(name, (tier) => ({
    ...about,
    variants: configurations.map((config) => variantOf(config, shown(config), tier)),
    also: (method) => variantOf(configuration(method, method), all, tier),
  }));
}
