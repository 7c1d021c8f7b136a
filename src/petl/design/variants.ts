import type { Site } from '../../model/site';
import type { Bottleneck, Factors, InputGate, Method, Modification } from './types';
import { queryAndValue, sitesOf } from './matrices';
import {
  at,
  attentions,
  bottleneck,
  lowRankWords,
  method,
  pfeiffer,
  prefix,
  written,
  type LowRankOptions,
} from './methods';

const usualSites = sitesOf(queryAndValue);
const everyMatrix: readonly Site[] = [...usualSites, ...attentions('.key'), 'ffn.up', 'ffn.down'];

/** x A B without biases, A Kaiming-uniform and B zero unless the factors say otherwise. */
function lowRankForm(
  r: number,
  factors: Factors = { kind: 'dense', init: { kind: 'lora' }, bias: false },
  trains: Bottleneck['trains'] = 'both',
): Bottleneck {
  return bottleneck(r, { activation: 'identity', factors, trains });
}

const added = (form: Bottleneck, s: number, places: readonly Site[] = usualSites): readonly Modification[] =>
  at(places, 'x', { form, composition: { kind: 'scaledAdd', scale: { kind: 'fixed', value: s } } });

const unless = <T>(usual: T, value: T): T | undefined => (value === usual ? undefined : value);

/** LoRA with s = alpha / sqrt(r), alpha = 32 (Kalajdzievski 2023, equation 5). */
export function rsLora({ r, s = 32 / Math.sqrt(r), at: places = queryAndValue }: LowRankOptions): Method {
  return method(written('rslora', lowRankWords(32 / Math.sqrt(r), { r, s, places })), {
    modifications: added(lowRankForm(r), s, sitesOf(places)),
  });
}

/** LoRA with A frozen at its random start (LoRA-FA, Zhang et al. 2023). */
export function loraFa({ r, s = 32 / r, at: places = queryAndValue }: LowRankOptions): Method {
  return method(written('lora-fa', lowRankWords(32 / r, { r, s, places })), {
    modifications: added(lowRankForm(r, undefined, 'up'), s, sitesOf(places)),
  });
}

/** DoRA: m (W + s A B) / |W + s A B| by column (Liu et al. 2024, equation 5). */
export function dora({ r, s = 32 / r, at: places = queryAndValue }: LowRankOptions): Method {
  const modifications = at(sitesOf(places), 'x', {
    form: lowRankForm(r),
    composition: { kind: 'renormalise', scale: s },
  });
  return method(written('dora', lowRankWords(32 / r, { r, s, places })), { modifications, counted: 'all' });
}

/**
 * PiSSA: low-rank factors that start at the top r singular directions (Meng et al. 2024), as s (x A B - x A0 B0) beside
 * the untouched W.
 */
export function pissa({ r, s = 1, at: places = queryAndValue }: LowRankOptions): Method {
  return method(written('pissa', lowRankWords(1, { r, s, places })), {
    modifications: added(lowRankForm(r, { kind: 'principal' }), s, sitesOf(places)),
  });
}

/**
 * VeRA: shared random factors, one trained number per rank (0.1 at the start) and per output (Kopiczko et al. 2024,
 * equation 2).
 */
export function vera({
  r,
  seed = 1,
  projections = 'redrawn',
}: {
  readonly r: number;
  readonly seed?: number;
  readonly projections?: 'redrawn' | 'stored';
}): Method {
  const form = lowRankForm(r, { kind: 'frozenRandom', seed, initial: 0.1, projections });
  return method(written('vera', { r, seed: unless(1, seed), projections: unless('redrawn', projections) }), {
    modifications: added(form, 1),
    counted: 'all',
  });
}

/**
 * AdaLoRA on every matrix: P diag(e) Q, pruned from r to `target` directions on average (Zhang et al. 2023, section 3).
 */
export function adaLora({
  r,
  target = Math.max(1, Math.floor(r / 2)),
  s = 1,
}: Omit<LowRankOptions, 'at'> & { readonly target?: number }): Method {
  const name = written('adalora', { r, target: unless(Math.max(1, Math.floor(r / 2)), target), s: unless(1, s) });
  const modifications = added(lowRankForm(r, { kind: 'triplet' }), s, everyMatrix);
  return method(name, { modifications, lifecycle: { kind: 'rankBudget', target, penalty: 0.5 }, counted: 'all' });
}

export type Ia3Form = 'paper' | 'adapters' | 'peft-bert' | 'peft-bart' | 'peft-gpt2';

/** The models that go by the name of (IA)3: the paper's, and what the libraries scale by default. */
export const ia3Forms: Readonly<Record<Ia3Form, readonly Site[]>> = {
  /** Keys, values and the activated FFN middle (Liu et al. 2022, section 3.3). */
  paper: [...attentions('.key'), ...attentions('.value'), 'ffn.mid'],
  /** adapters scales the FFN middle before its activation. */
  adapters: [...attentions('.key'), ...attentions('.value'), 'ffn.up'],
  /** PEFT on BERT and RoBERTa scales the input of the attention's output matrix too. */
  'peft-bert': [...attentions('.key'), ...attentions('.value'), 'attn.heads', 'ffn.mid'],
  /** PEFT on BART scales queries, not keys. */
  'peft-bart': [...usualSites, 'ffn.mid'],
  /** PEFT on GPT-2 scales queries, keys and values. */
  'peft-gpt2': [...usualSites, ...attentions('.key'), 'ffn.mid'],
};

/** One learned factor per channel, 1 at the start. */
export function ia3({ form = 'paper' }: { readonly form?: Ia3Form } = {}): Method {
  const modifications = at(ia3Forms[form], 'h', { form: { kind: 'diagonal' }, composition: { kind: 'multiply' } });
  return method(written('ia3', { form: unless('paper', form) }), { modifications, counted: 'all' });
}

/**
 * Compacter: bottlenecks whose matrices are sums of n Kronecker products with rank-1 right factors and one shared rule
 * (Karimi Mahabadi et al. 2021, equations 4-5); `places: 'ffn'` is Compacter++.
 */
export function compacter({
  r,
  n = 4,
  places = 'both',
}: {
  readonly r: number;
  readonly n?: number;
  readonly places?: 'both' | 'ffn';
}): Method {
  const form = bottleneck(r, { activation: 'gelu', factors: { kind: 'phm', n, rank: 1, share: true, bias: true } });
  const modifications = at(places === 'both' ? ['attn', 'ffn'] : ['ffn'], 'h', { form, composition: { kind: 'add' } });
  return method(written('compacter', { r, n: unless(4, n), places: unless('both', places) }), {
    modifications,
    counted: 'all',
  });
}

/** UniPELT: prefix, LoRA and adapter, each behind a gate that reads its input (Mao et al. 2022, section 3.2). */
export function uniPelt({
  l,
  r,
  m,
  gate = 'sequence',
}: {
  readonly l: number;
  readonly r: number;
  readonly m: number;
  readonly gate?: InputGate['per'];
}): Method {
  const gated = (scale: number) => ({ kind: 'inputGate', scale, per: gate }) as const;
  const modifications = [
    ...at(attentions('.heads'), 'query', {
      form: { kind: 'prefix', length: l, reparameterisation: { kind: 'none' }, positions: 'kept' },
      composition: gated(1),
    }),
    ...at(usualSites, 'x', { form: lowRankForm(r), composition: gated(32 / r) }),
    ...at(['ffn'], 'norm(h+residual)', { form: bottleneck(m), composition: gated(1) }),
  ];
  return method(written('unipelt', { l, r, m, gate: unless('sequence', gate) }), { modifications, counted: 'all' });
}

/**
 * AdapterDrop on Pfeiffer adapters (Rueckle et al. 2021): `fixed` leaves the first layers without adapters, `robust`
 * drops the first
 * n <= first anew in each training step, so that any n can be dropped later.
 */
export function adapterDrop({
  r,
  first,
  mode = 'fixed',
}: {
  readonly r: number;
  readonly first: number;
  readonly mode?: 'fixed' | 'robust';
}): Method {
  const name = written('adapterdrop', { r, first, mode: unless('fixed', mode) });
  const base = pfeiffer({ r });
  if (mode === 'robust') return { ...base, name, lifecycle: { kind: 'layerDrop', first } };
  return {
    ...base,
    name,
    modifications: base.modifications.map((modification) => ({ ...modification, layers: { from: first } })),
  };
}

/**
 * VLM: one adapter with its own LayerNorm after each block, and `rows` trained rows for task tokens (Lin et al. 2020,
 * section 3).
 */
export function vlm({ r, rows = 0 }: { readonly r: number; readonly rows?: number }): Method {
  const modifications = at(['block'], 'h', { form: bottleneck(r, { innerNorm: 'in' }), composition: { kind: 'add' } });
  const unfrozen = rows > 0 ? [{ kind: 'tokenRows', count: rows } as const] : [];
  return method(written('vlm', { r, rows: unless(0, rows) }), { modifications, unfrozen, counted: 'all' });
}

/**
 * Task embeddings (Lin et al. 2020, section 3): one free vector for each of n segments of a text, added to the word and
 * position embeddings of every token that stands in it, as rows that the task adds to the word table.
 */
export function segments({ n }: { readonly n: number }): Method {
  const modifications = at(['embedding'], 'segment', {
    form: { kind: 'lookup', rows: n },
    composition: { kind: 'add' },
  });
  return method(written('segments', { n }), { modifications, counted: 'all' });
}

/** P-tuning v2 (Liu et al. 2022): free prefixes in every layer, prefix tuning without its MLP. */
export function pTuningV2({ l }: { readonly l: number }): Method {
  return { ...prefix({ l }), name: written('p-tuning-v2', { l }) };
}
