import type { Site } from '../../model/site';
import { printFields } from './field';
import { usualBottleneck } from './forms';
import { printAt, queryAndValue, sitesOf, type MatrixWord } from './matrices';
import { passesKinds } from './passes';
import { promptFields, writtenPromptFields } from './prompt';
import type {
  Activation,
  Bottleneck,
  Change,
  Method,
  Modification,
  Passes,
  Prefix,
  PromptEncoder,
  PromptInit,
  Reads,
  Scale,
  TextPositions,
  Unfrozen,
  WrittenPrompt,
} from './types';

/** s of h + s dh: a number, one learned scalar, or one learned number per channel. */
export type ScaleWord = number | 'learned' | 'channel';
/** How a bottleneck begins: as BERT's matrices, or as LoRA's, so that the change is 0. */
export type InitWord = 'bert' | 'lora';

const nothing: Method = {
  name: 'head',
  modifications: [],
  unfrozen: [],
  prompt: { kind: 'none' },
  passes: { kind: 'once' },
  lifecycle: { kind: 'fixed' },
  counted: 'matrices',
};

/** A method from what it has; everything else is off. */
export function method(name: string, parts: Partial<Omit<Method, 'name'>>): Method {
  return { ...nothing, ...parts, name };
}

/** `family:key=value,...` of the values that are not left out. */
export function written(family: string, values: Readonly<Record<string, number | string | undefined>>): string {
  const pairs = Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${typeof value === 'number' ? plain(value) : value}`);
  return pairs.length > 0 ? `${family}:${pairs.join(',')}` : family;
}

/** A number without a plus sign, which stands between methods: 1e21, not 1e+21. */
const plain = (value: number): string => String(value).replace('e+', 'e');

/** The same change at each of `places`, in every layer of both stacks. */
export function at(places: readonly Site[], reads: Reads, change: Change): readonly Modification[] {
  return places.map((site) => ({ site, stacks: ['encoder', 'decoder'], layers: 'all', reads, ...change }));
}

/** The adapter of He et al. 2021, section 2.2: ReLU, biases, N(0, 0.02) weights; `over` changes what differs. */
export const bottleneck = (r: number, over: Partial<Bottleneck> = {}): Bottleneck => usualBottleneck(r, over);

const unfreezing = (name: string, unfrozen: Unfrozen): Method => method(name, { unfrozen: [unfrozen] });

/** Full fine-tuning. */
export const full = (): Method => unfreezing('full', { kind: 'all' });
/** Only the task's head trains; with `rows` also the last rows of the word table, those of tokens added for a task. */
export const head = ({ rows = 0 }: { readonly rows?: number } = {}): Method =>
  rows === 0 ? nothing : method(written('head', { rows }), { unfrozen: [{ kind: 'tokenRows', count: rows }] });
/** Rows of the word table train: those of tokens that are new, or new to the model. */
export const tokens = ({ ids }: { readonly ids: readonly number[] }): Method =>
  unfreezing(written('tokens', { ids: ids.join('.') }), { kind: 'tokens', ids });
/** The bias vectors (BitFit). */
export const bitfit = (): Method => unfreezing('bitfit', { kind: 'biases' });
/** Gains and biases of all norms (Houlsby et al. 2019, section 3.5). */
export const layernorm = (): Method => unfreezing('layernorm', { kind: 'layerNorms' });
/** The top k blocks of the last stack (Houlsby et al. 2019, "variable fine-tuning"). */
export const top = ({ k }: { readonly k: number }): Method =>
  unfreezing(written('top', { k }), { kind: 'topLayers', k });

/** Prompt tuning: l free vectors in front of the input embeddings, from N(0, 0.02), drawn words, or a text's words. */
export function prompt({
  l,
  init = { kind: 'random' },
  positions = 'kept',
}: {
  readonly l: number;
  readonly init?: PromptInit;
  readonly positions?: TextPositions;
}): Method {
  const free = { kind: 'free', length: l, init, positions } as const;
  return method(written('prompt', printFields(promptFields, free)), { prompt: free });
}

/** Sizes of a prompt that is written from the input; docs/frozen.md says what each word means. */
export interface WrittenPromptOptions {
  readonly l: number;
  /** Width of the generator. */
  readonly q?: number;
  readonly heads?: number;
  readonly encoder?: PromptEncoder;
  readonly source?: WrittenPrompt['source'];
  readonly positions?: TextPositions;
}

/** ID-PT: a prompt of l vectors that a generator writes from the input (Levine et al. 2022, section 2). */
export function idPrompt({
  l,
  q = 128,
  heads = 4,
  encoder = { kind: 'own', layers: 2 },
  source = 'true',
  positions = 'kept',
}: WrittenPromptOptions): Method {
  const made: WrittenPrompt = { kind: 'written', length: l, width: q, heads, encoder, source, positions };
  return method(written('id-prompt', printFields(writtenPromptFields, made)), { prompt: made, counted: 'all' });
}

/**
 * Two passes through the frozen model with a connector of width r between them (Levine et al. 2022, section on neural
 * recursion); beside a prompt each pass has one of its own: `prompt:l=20+twice:r=64`.
 */
export function twice({ r, words = 'replaced' }: Pick<Twice, 'r'> & Partial<Twice>): Method {
  const passes: Twice = { kind: 'twice', r, words };
  const name = written('twice', printFields(passesKinds.twice.fields, passes));
  return method(name, { passes, counted: 'all' });
}

type Twice = Extract<Passes, { kind: 'twice' }>;

/**
 * Prefix tuning (He et al. 2021, equation 3): free vectors, or from an MLP of width `mlp` (800 in the released code; 0
 * for none).
 * `gate: 'none'` adds the prefix attention whole (Table 4, "-gating").
 */
export function prefix({ l, mlp = 0, gate = 'mass', positions = 'kept' }: PrefixOptions): Method {
  const form: Prefix = {
    kind: 'prefix',
    length: l,
    reparameterisation: mlp > 0 ? { kind: 'mlp', width: mlp } : { kind: 'none' },
    positions,
  };
  const modifications = at(attentions('.heads'), 'query', {
    form,
    composition: { kind: gate === 'mass' ? 'massGate' : 'add' },
  });
  const unusual = { gate: gate === 'mass' ? undefined : gate, positions: positions === 'kept' ? undefined : positions };
  return method(written('prefix', { l, mlp: mlp || undefined, ...unusual }), { modifications });
}

/** Length l of a prefix and how its vectors are made and put back. */
export interface PrefixOptions {
  readonly l: number;
  readonly mlp?: number;
  readonly gate?: 'mass' | 'none';
  readonly positions?: TextPositions;
}

/** Rank r of a low-rank change, its scale s and where it stands. */
export interface LowRankOptions {
  readonly r: number;
  readonly s?: number;
  /** The matrices that it changes. */
  readonly at?: readonly MatrixWord[] | undefined;
}

/** LoRA on query and value or other matrices, s = alpha / r with the released code's alpha = 32. */
export function lora({ r, s = 32 / r, at: places = queryAndValue }: LowRankOptions): Method {
  return { ...lowRank('lora', r, s, sitesOf(places)), name: written('lora', lowRankWords(32 / r, { r, s, places })) };
}

/** The words of a low-rank method; s where it is not the usual one. */
export function lowRankWords(
  usual: number,
  { r, s, places }: { readonly r: number; readonly s: number; readonly places: readonly MatrixWord[] },
): Readonly<Record<string, number | string | undefined>> {
  return { r, s: s === usual ? undefined : s, at: printAt(places) };
}

/** LoRA on both FFN matrices. */
export function loraFfn({ r, s = 32 / r }: { readonly r: number; readonly s?: number }): Method {
  return lowRank('lora-ffn', r, s, ['ffn.up', 'ffn.down']);
}

function lowRank(family: string, r: number, s: number, places: readonly Site[]): Method {
  const form = bottleneck(r, {
    activation: 'identity',
    factors: { kind: 'dense', init: { kind: 'lora' }, bias: false },
  });
  const modifications = at(places, 'x', {
    form,
    composition: { kind: 'scaledAdd', scale: { kind: 'fixed', value: s } },
  });
  return method(written(family, { r, s: s === 32 / r ? undefined : s }), { modifications });
}

/** Bottleneck r of an adapter, its function, scale and place. */
export interface AdapterOptions {
  readonly r: number;
  readonly s?: ScaleWord | undefined;
  readonly init?: InitWord | undefined;
  readonly norm?: Bottleneck['innerNorm'] | undefined;
  readonly act?: Activation | undefined;
  readonly drop?: number | undefined;
  /**
   * `residual`: the stream before the FFN's norm, as the released mBART code reads; the same as x in post-norm models.
   */
  readonly reads?: 'x' | 'residual' | undefined;
}

/** Sequential adapter after attention, with an inner LayerNorm as in the released code. */
export const saAttn = (options: AdapterOptions): Method => adapter('sa-attn', attentions(''), 'h', options);
/** Sequential adapter after the FFN. */
export const saFfn = (options: AdapterOptions): Method => adapter('sa-ffn', ['ffn'], 'h', options);
/** Parallel adapter of attention: reads its input, adds to the head outputs before W_o. */
export const paAttn = (options: AdapterOptions): Method => adapter('pa-attn', attentions('.heads'), 'x', options);
/**
 * Parallel adapter of the FFN; with s the scaled parallel adapter, which starts like LoRA (He et al. 2021, section
 * 4.5).
 */
export const paFfn = (options: AdapterOptions): Method => adapter('pa-ffn', ['ffn'], options.reads ?? 'x', options);

function adapter(family: string, places: readonly Site[], reads: Reads, options: AdapterOptions): Method {
  const usual = {
    init: options.s === undefined ? 'bert' : 'lora',
    norm: family.endsWith('attn') ? 'in' : 'none',
    act: 'relu',
    drop: 0,
    reads,
  } as const;
  const { r, s } = options;
  const { init = usual.init, norm = usual.norm, act = usual.act, drop = usual.drop } = options;
  const form = bottleneck(r, {
    innerNorm: norm,
    activation: act,
    dropout: drop,
    factors: { kind: 'dense', init: { kind: init }, bias: true },
  });
  const modifications = at(places, reads, {
    form,
    composition: s === undefined ? { kind: 'add' } : { kind: 'scaledAdd', scale: scaleOf(s) },
  });
  const said = { init, norm, act, drop };
  const unusual = Object.fromEntries(
    Object.entries(said).filter(([key, value]) => value !== usual[key as keyof typeof said]),
  );
  return method(written(family, { r, s, ...unusual, reads: reads === 'residual' ? reads : undefined }), {
    modifications,
  });
}

function scaleOf(s: ScaleWord): Scale {
  if (typeof s === 'number') return { kind: 'fixed', value: s };
  return s === 'learned' ? { kind: 'learned', initial: 1 } : { kind: 'perChannel', initial: 1 };
}

/**
 * Multi-head parallel adapter (He et al. 2021, section 4.4): per head h_i + ReLU(q_i P_k^T) P_v, the same size as a
 * prefix of l.
 * `query: 'normed'` is the BART reading (own LayerNorm on x, unscaled queries), `'scaled'` RoBERTa's.
 */
export function mhpa({ l, query = 'scaled' }: { readonly l: number; readonly query?: 'scaled' | 'normed' }): Method {
  const reads = query === 'scaled' ? 'query' : 'query(norm(x))';
  const form = bottleneck(l, { perHead: true, factors: { kind: 'dense', init: { kind: 'bert' }, bias: false } });
  const modifications = at(attentions('.heads'), reads, { form, composition: { kind: 'add' } });
  return method(written('mhpa', { l, query: query === 'scaled' ? undefined : query }), { modifications });
}

/**
 * Houlsby et al. 2019: GELU adapters after attention and FFN, weights N(0, std) cut at two deviations; LayerNorms train
 * unless frozen.
 */
export function houlsby({
  m,
  std = 1e-2,
  norms = 'trained',
}: {
  readonly m: number;
  readonly std?: number;
  readonly norms?: 'trained' | 'frozen';
}): Method {
  const form = bottleneck(m, {
    activation: 'gelu',
    factors: { kind: 'dense', init: { kind: 'houlsby', std }, bias: true },
  });
  const modifications = at(['attn', 'ffn'], 'h', { form, composition: { kind: 'add' } });
  const name = written('houlsby', {
    m,
    std: std === 1e-2 ? undefined : std,
    norms: norms === 'trained' ? undefined : norms,
  });
  return method(name, { modifications, unfrozen: norms === 'trained' ? [{ kind: 'layerNorms' }] : [], counted: 'all' });
}

/** Pfeiffer et al. 2021: one adapter after the FFN that reads the normed sum with the residual. */
export function pfeiffer({ r, activation = 'relu' }: { readonly r: number; readonly activation?: Activation }): Method {
  const modifications = at(['ffn'], 'norm(h+residual)', {
    form: bottleneck(r, { activation }),
    composition: { kind: 'add' },
  });
  return method(written('pfeiffer', { r, act: activation === 'relu' ? undefined : activation }), { modifications });
}

/**
 * The mix-and-match adapter (He et al. 2021, section 4.6): a small prefix and a large scaled parallel adapter of the
 * FFN.
 */
export function mam({
  l,
  r,
  s = 4,
  mlp = 0,
}: {
  readonly l: number;
  readonly r: number;
  readonly s?: number;
  readonly mlp?: number;
}): Method {
  const name = written('mam', { l, r, s: s === 4 ? undefined : s, mlp: mlp || undefined });
  return { ...combine(prefix({ l, mlp }), paFfn({ r, s })), name };
}

/** Both methods at once: `a+b`. At most one of them may have a prompt, one a second pass, and one a lifecycle. */
export function combine(a: Method, b: Method): Method {
  return {
    name: `${a.name}+${b.name}`,
    modifications: [...a.modifications, ...b.modifications],
    unfrozen: [...a.unfrozen, ...b.unfrozen],
    prompt: a.prompt.kind === 'none' ? b.prompt : a.prompt,
    passes: a.passes.kind === 'once' ? b.passes : a.passes,
    lifecycle: a.lifecycle.kind === 'fixed' ? b.lifecycle : a.lifecycle,
    counted: a.counted === 'all' || b.counted === 'all' ? 'all' : 'matrices',
  };
}

/** The self- and cross-attention sites of one kind: `.heads`, `.query`, ... */
export function attentions<K extends '' | '.heads' | '.query' | '.key' | '.value'>(
  part: K,
): readonly [`attn${K}`, `cross${K}`] {
  return [`attn${part}`, `cross${part}`];
}
