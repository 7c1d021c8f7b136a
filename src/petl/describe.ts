import type { Site } from '../model/site';
import type { Bottleneck, Composition, Method, Modification, Prompt, Reads, Unfrozen } from './design';
import { families, parseMethod } from './written';

/** A method as a row of Table 1 of He et al. 2021, one row for each kind of change it makes. */
export interface DesignRow {
  readonly method: string;
  /** The modified representation. */
  readonly sites: string;
  readonly insertion: 'parallel' | 'sequential' | '-';
  /** What the form computes, dh. */
  readonly form: string;
  /** How h takes dh up. */
  readonly composition: string;
  /** Trained elements per site and layer; d model, k key-value heads, a heads, m FFN width. */
  readonly parameters: string;
}

/** One or more rows for every family, from its example: the table cannot differ from the code. */
export function designTable(examples: readonly string[] = Object.values(families).map(({ example }) => example)): readonly DesignRow[] {
  return examples.map(parseMethod).flatMap(describeMethod);
}

/** The changes of a method in words; sites with the same change share a row. */
export function describeMethod(method: Method): readonly DesignRow[] {
  const rows = new Map<string, DesignRow>();
  for (const modification of method.modifications) {
    const row = describeModification(method.name, modification);
    const key = JSON.stringify({ ...row, sites: '' });
    const before = rows.get(key);
    rows.set(key, before ? { ...before, sites: `${before.sites}, ${row.sites}` } : row);
  }
  const own = method.unfrozen.map((part) => ownWeights(method.name, part));
  const all = [...rows.values(), ...own, ...promptRow(method.name, method.prompt)];
  return all.length > 0 ? all : [{ method: method.name, sites: '-', insertion: '-', form: '-', composition: '-', parameters: 'the head alone' }];
}

/** Parallel forms read what the frozen sub-module reads, sequential ones what it made. */
export function insertionOf(reads: Reads): 'parallel' | 'sequential' {
  return /^(h|norm\(h)/.test(reads) ? 'sequential' : 'parallel';
}

function describeModification(method: string, modification: Modification): DesignRow {
  const { site, reads, form, composition, layers } = modification;
  const where = layers === 'all' ? site : 'from' in layers ? `${site} from layer ${layers.from}` : `${site} of layers ${layers.join(' ')}`;
  return { method, sites: where, insertion: insertionOf(reads), form: formula(modification), composition: composed(composition, form.kind), parameters: sizeFormula(modification) };
}

function formula({ form, reads }: Modification): string {
  if (form.kind === 'diagonal') return 'l, one factor per channel';
  if (form.kind === 'prefix') return form.reparameterisation.kind === 'mlp' ? 'softmax(q P_k^T) P_v, P from an MLP' : 'softmax(q P_k^T) P_v';
  const input = form.innerNorm === 'in' ? `LN(${short(reads)})` : short(reads);
  const inner = `${input} ${form.perHead ? 'P_k^T' : factorNames(form)[0]}`;
  const active = form.activation === 'identity' ? inner : `${form.activation}(${inner})`;
  const change = `${active} ${form.perHead ? 'P_v' : factorNames(form)[1]}${form.factors.kind === 'principal' ? ' - x A0 B0' : ''}${form.perHead ? ' per head' : ''}`;
  return form.innerNorm === 'out' ? `LN(${change})` : change;
}

function factorNames({ factors, trains, activation }: Bottleneck): readonly [string, string] {
  switch (factors.kind) {
    case 'dense': if (activation !== 'identity') return ['W_down', 'W_up']; return trains === 'up' ? ['A (frozen)', 'B'] : ['A', 'B'];
    case 'phm': return ['(sum A_i (x) B_i)', '(sum A_i (x) B_i)'];
    case 'frozenRandom': return ['R1 diag(c)', 'R2 diag(b)'];
    case 'principal': return ['A', 'B'];
    case 'triplet': return ['P diag(e)', 'Q'];
  }
}

function short(reads: Reads): string {
  return { x: 'x', h: 'h', query: 'q', 'query(norm(x))': 'LN(x) W_q', residual: 'u', 'h+residual': '(h + u)', 'norm(h+residual)': 'norm(h + u)' }[reads];
}

function composed(composition: Composition, form: Modification['form']['kind']): string {
  switch (composition.kind) {
    case 'add': return 'h + dh';
    case 'scaledAdd': return { fixed: `h + ${composition.scale.kind === 'fixed' ? number(composition.scale.value) : ''} dh`, learned: 'h + s dh, s learned', perChannel: 'h + s dh, s learned per channel' }[composition.scale.kind];
    case 'massGate': return '(1 - g) h + g dh, g = prefix share of the attention';
    case 'inputGate': return form === 'prefix' ? 'as a prefix of g P_k, g P_v, g = sigmoid(x w + b)' : `h + g ${number(composition.scale)} dh, g = sigmoid(input w + b)`;
    case 'multiply': return form === 'diagonal' ? 'l h' : 'h (1 + dh)';
    case 'renormalise': return 'm (W + dW) / |W + dW| applied to x';
  }
}

function sizeFormula(modification: Modification): string {
  const { form, reads, site } = modification;
  if (form.kind === 'diagonal') return outSymbol(site);
  if (form.kind === 'prefix') return '2 l k';
  const [from, to] = [inSymbol(site, reads), outSymbol(site)];
  const both = from === to ? `2 r ${to}` : `r (${from} + ${to})`;
  const biases = 'bias' in form.factors && form.factors.bias ? ` + r + ${to}` : '';
  const norm = form.innerNorm === 'none' ? '' : ` + 2 ${form.innerNorm === 'in' ? from : to}`;
  const matrices = { dense: form.trains === 'up' ? `r ${to}` : both, principal: both, triplet: `${both} + r`, frozenRandom: `r + ${to}`, phm: `${from} + 2 r + ${to} (+ n^3 shared)` }[form.factors.kind];
  return `${matrices}${biases}${norm}${modification.composition.kind === 'renormalise' ? ` + ${to}` : ''}`;
}

function inSymbol(site: Site, reads: Reads): string {
  if (reads === 'h') return outSymbol(site);
  if (reads.startsWith('query')) return 'a';
  return reads === 'x' && site === 'ffn.down' ? 'm' : 'd';
}

function outSymbol(site: Site): string {
  if (/\.(key|value)$/.test(site)) return 'k';
  if (/\.(query|heads)$/.test(site)) return 'a';
  return site === 'ffn.up' || site === 'ffn.mid' ? 'm' : 'd';
}

function ownWeights(method: string, part: Unfrozen): DesignRow {
  const words = { all: 'every weight', biases: 'every bias', layerNorms: 'every norm', topLayers: `the top ${part.kind === 'topLayers' ? part.k : ''} layers`, tokenRows: `the last ${part.kind === 'tokenRows' ? part.count : ''} rows of the word table` };
  return { method, sites: words[part.kind], insertion: '-', form: 'the weights themselves', composition: 'replaced', parameters: 'their size' };
}

function promptRow(method: string, prompt: Prompt): readonly DesignRow[] {
  return prompt.kind === 'none' ? [] : [{ method, sites: 'embedding', insertion: '-', form: `${prompt.length} free vectors`, composition: `put in front of the input${prompt.positions === 'shifted' ? ', whose positions follow' : ''}`, parameters: 'l d in all' }];
}

/** At most three digits. */
function number(value: number): string {
  return String(Number(value.toPrecision(3)));
}
