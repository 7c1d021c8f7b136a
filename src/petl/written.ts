import { UserError } from '../errors';
import { readArguments, type Arguments } from './arguments';
import type { Activation, Method } from './design';
import {
  bitfit, combine, full, head, houlsby, layernorm, lora, loraFfn, mam, mhpa, paAttn, paFfn, pfeiffer, prefix, prompt, saAttn, saFfn, top,
} from './methods';
import { nearest } from './nearest';

export interface FamilyEntry {
  /** The written form with its parameters, those in brackets optional. */
  readonly form: string;
  /** An example that stands for the family in tables and tests. */
  readonly example: string;
  /** The parameter that a budget solves for, if any. */
  readonly size: string | undefined;
  readonly read: (take: Arguments) => Method;
}

const activations: readonly Activation[] = ['relu', 'gelu', 'geluTanh', 'silu', 'tanh', 'sigmoid', 'identity'];
const scales = ['learned', 'channel'] as const;

const adapter = (make: typeof paFfn) => (take: Arguments): Method => {
  const r = take.size('r');
  const s = take.numberOr('s', scales);
  return make({ r, s, init: take.word('init', ['bert', 'lora'], s === undefined ? 'bert' : 'lora') });
};
const adapterForm = (name: string): string => `${name}:r=64[,s=4|learned|channel][,init=bert|lora]`;
const lowRank = (make: typeof lora) => (take: Arguments): Method => {
  const r = take.size('r');
  return make({ r, s: take.number('s', 32 / r) });
};
const mlp = (take: Arguments): number => take.size('mlp', 0);

/** Every family by the name it is written with. */
export const families: Readonly<Record<string, FamilyEntry>> = {
  full: { form: 'full', example: 'full', size: undefined, read: full },
  head: { form: 'head', example: 'head', size: undefined, read: head },
  bitfit: { form: 'bitfit', example: 'bitfit', size: undefined, read: bitfit },
  layernorm: { form: 'layernorm', example: 'layernorm', size: undefined, read: layernorm },
  top: { form: 'top:k=2', example: 'top:k=2', size: 'k', read: (take) => top({ k: take.size('k') }) },
  prompt: { form: 'prompt:l=20', example: 'prompt:l=20', size: 'l', read: (take) => prompt({ l: take.size('l') }) },
  prefix: { form: 'prefix:l=30[,mlp=800]', example: 'prefix:l=30', size: 'l', read: (take) => prefix({ l: take.size('l'), mlp: mlp(take) }) },
  lora: { form: 'lora:r=8[,s=4]', example: 'lora:r=8', size: 'r', read: lowRank(lora) },
  'lora-ffn': { form: 'lora-ffn:r=102[,s=4]', example: 'lora-ffn:r=8', size: 'r', read: lowRank(loraFfn) },
  'sa-attn': { form: adapterForm('sa-attn'), example: 'sa-attn:r=16', size: 'r', read: adapter(saAttn) },
  'sa-ffn': { form: adapterForm('sa-ffn'), example: 'sa-ffn:r=16', size: 'r', read: adapter(saFfn) },
  'pa-attn': { form: adapterForm('pa-attn'), example: 'pa-attn:r=16', size: 'r', read: adapter(paAttn) },
  'pa-ffn': { form: adapterForm('pa-ffn'), example: 'pa-ffn:r=16,s=4', size: 'r', read: adapter(paFfn) },
  mhpa: {
    form: 'mhpa:l=30[,query=scaled|normed]', example: 'mhpa:l=30', size: 'l',
    read: (take) => mhpa({ l: take.size('l'), query: take.word('query', ['scaled', 'normed'], 'scaled') }),
  },
  houlsby: {
    form: 'houlsby:m=64[,std=0.01][,norms=trained|frozen]', example: 'houlsby:m=16', size: 'm',
    read: (take) => houlsby({ m: take.size('m'), std: take.number('std', 1e-2), norms: take.word('norms', ['trained', 'frozen'], 'trained') }),
  },
  pfeiffer: {
    form: 'pfeiffer:r=64[,act=relu]', example: 'pfeiffer:r=16', size: 'r',
    read: (take) => pfeiffer({ r: take.size('r'), activation: take.word('act', activations, 'relu') }),
  },
  mam: {
    form: 'mam:l=30,r=512[,s=4][,mlp=800]', example: 'mam:l=8,r=16', size: 'r',
    read: (take) => mam({ l: take.size('l'), r: take.size('r'), s: take.number('s', 4), mlp: mlp(take) }),
  },
};

/** Reads the written form of a method, `pa-ffn:r=64,s=4` or `a+b`; anything it does not know is a UserError with the remedy. */
export function parseMethod(text: string): Method {
  const parts = text.split('+').map((part) => part.trim());
  const methods = parts.map((part) => parseOne(part, text));
  if (methods.filter(({ prompt: { kind } }) => kind !== 'none').length > 1) throw new UserError(`Method "${text}" has two prompts; keep one.`);
  if (methods.filter(({ lifecycle: { kind } }) => kind !== 'fixed').length > 1) throw new UserError(`Method "${text}" has two lifecycles; keep one.`);
  return methods.reduce(combine);
}

/** The canonical written form; `parseMethod` of it gives the method back. */
export function printMethod(method: Method): string {
  return method.name;
}

/** The family that a written form begins with. @param whole the text that it stands in, for the message */
export function familyOf(form: string, whole: string = form): FamilyEntry {
  const name = form.replace(/:.*$/s, '');
  const family = Object.hasOwn(families, name) ? families[name] : undefined;
  if (family) return family;
  const names = Object.keys(families);
  throw new UserError(`Unknown method "${name}"${form === whole ? '' : ` in "${whole}"`}${nearest(name, names)}; methods are ${names.join(', ')}.`);
}

function parseOne(form: string, whole: string): Method {
  const take = readArguments(form);
  const method = familyOf(form, whole).read(take);
  take.finish();
  return method;
}
