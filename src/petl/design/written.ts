import { UserError } from '../../errors';
import { readArguments, type Arguments } from './arguments';
import { activations } from './activations';
import { readFields } from './field';
import { passesKinds } from './passes';
import { promptFields, writtenPromptFields } from './prompt';
import type { Method, TextPositions } from './types';
import {
  bitfit,
  combine,
  full,
  head,
  houlsby,
  idPrompt,
  layernorm,
  lora,
  loraFfn,
  mam,
  mhpa,
  paAttn,
  paFfn,
  pfeiffer,
  prefix,
  prompt,
  saAttn,
  saFfn,
  tokens,
  top,
  twice,
  type AdapterOptions,
} from './methods';
import { atForm, readAt } from './matrices';
import { nearest } from './nearest';
import { readPoint } from './point';
import { whyInvalidModification } from './valid';
import { idsOf } from './words';
import {
  adaLora,
  adapterDrop,
  compacter,
  dora,
  ia3,
  ia3Forms,
  loraFa,
  pissa,
  pTuningV2,
  rsLora,
  segments,
  uniPelt,
  vera,
  vlm,
  type Ia3Form,
} from './variants';

export interface FamilyEntry {
  /** The written form with its parameters, those in brackets optional. */
  readonly form: string;
  /** An example that stands for the family in tables and tests. */
  readonly example: string;
  /** The parameter that a budget solves for, if any. */
  readonly size: string | undefined;
  readonly read: (take: Arguments) => Method;
}

const scales = ['learned', 'channel'] as const;

const adapter =
  (make: (options: AdapterOptions) => Method) =>
  (take: Arguments): Method =>
    make({
      r: take.size('r'),
      s: take.numberOr('s', scales),
      init: take.maybe('init', ['bert', 'lora']),
      norm: take.maybe('norm', ['none', 'in', 'out']),
      act: take.maybe('act', activations),
      drop: take.number('drop', 0),
    });
const parallelFfn = (take: Arguments): Method =>
  adapter((options) => paFfn({ ...options, reads: take.maybe('reads', ['x', 'residual']) }))(take);
const adapterForm = (name: string): string =>
  `${name}:r=64[,s=4|learned|channel][,init=bert|lora][,norm=none|in|out][,act=relu][,drop=0.1]`;
const lowRank =
  (make: typeof lora, usual: (r: number) => number = (r) => 32 / r) =>
  (take: Arguments): Method => {
    const r = take.size('r');
    return make({ r, s: take.number('s', usual(r)), at: readAt(take) });
  };
const readLoraFfn = (take: Arguments): Method => {
  const r = take.size('r');
  return loraFfn({ r, s: take.number('s', 32 / r) });
};
const mlp = (take: Arguments): number => take.size('mlp', 0);

function readPrompt(take: Arguments): Method {
  const { length, init, positions } = readFields(promptFields, take);
  return prompt({ l: length, init, positions });
}

function readWrittenPrompt(take: Arguments): Method {
  const { length, width, ...rest } = readFields(writtenPromptFields, take);
  return idPrompt({ l: length, q: width, ...rest });
}

const readTwice = (take: Arguments): Method => twice(readFields(passesKinds.twice.fields, take));
/** Ids in rising order: how they are said once. */
const risingIds = (text: string): readonly number[] => [...new Set(idsOf('ids', text))].sort((a, b) => a - b);

const readPositions = (take: Arguments): TextPositions => take.word('positions', ['kept', 'shifted'], 'kept');

/** Every family by the name it is written with. */
export const families: Readonly<Record<string, FamilyEntry>> = {
  full: { form: 'full', example: 'full', size: undefined, read: full },
  head: {
    form: 'head[:rows=3]',
    example: 'head',
    size: undefined,
    read: (take) => head({ rows: take.size('rows', 0) }),
  },
  tokens: {
    form: 'tokens:ids=5.17.42',
    example: 'tokens:ids=5.17',
    size: undefined,
    read: (take) => tokens({ ids: risingIds(take.text('ids', '')) }),
  },
  bitfit: { form: 'bitfit', example: 'bitfit', size: undefined, read: bitfit },
  layernorm: { form: 'layernorm', example: 'layernorm', size: undefined, read: layernorm },
  top: { form: 'top:k=2', example: 'top:k=2', size: 'k', read: (take) => top({ k: take.size('k') }) },
  prompt: {
    form: 'prompt:l=20[,init=random|vocabulary][,text=url%20encoded][,tokens=5.17][,positions=kept|shifted]',
    example: 'prompt:l=20',
    size: 'l',
    read: readPrompt,
  },
  'id-prompt': {
    form: 'id-prompt:l=20[,q=128][,heads=4][,layers=2][,positions=kept|shifted][,source=true|shuffled|constant][,encoder=own|model,name=minilm-l6,e=384]',
    example: 'id-prompt:l=20',
    size: 'l',
    read: readWrittenPrompt,
  },
  twice: { form: 'twice:r=64[,words=replaced|kept]', example: 'twice:r=64', size: 'r', read: readTwice },
  prefix: {
    form: 'prefix:l=30[,mlp=800][,gate=mass|none][,positions=kept|shifted]',
    example: 'prefix:l=30',
    size: 'l',
    read: (take) =>
      prefix({
        l: take.size('l'),
        mlp: mlp(take),
        gate: take.word('gate', ['mass', 'none'], 'mass'),
        positions: readPositions(take),
      }),
  },
  'p-tuning-v2': {
    form: 'p-tuning-v2:l=30',
    example: 'p-tuning-v2:l=30',
    size: 'l',
    read: (take) => pTuningV2({ l: take.size('l') }),
  },
  lora: { form: `lora:r=8[,s=4]${atForm}`, example: 'lora:r=8', size: 'r', read: lowRank(lora) },
  'lora-ffn': { form: 'lora-ffn:r=102[,s=4]', example: 'lora-ffn:r=8', size: 'r', read: readLoraFfn },
  'sa-attn': { form: adapterForm('sa-attn'), example: 'sa-attn:r=16', size: 'r', read: adapter(saAttn) },
  'sa-ffn': { form: adapterForm('sa-ffn'), example: 'sa-ffn:r=16', size: 'r', read: adapter(saFfn) },
  'pa-attn': { form: adapterForm('pa-attn'), example: 'pa-attn:r=16', size: 'r', read: adapter(paAttn) },
  'pa-ffn': {
    form: `${adapterForm('pa-ffn')}[,reads=x|residual]`,
    example: 'pa-ffn:r=16,s=4',
    size: 'r',
    read: parallelFfn,
  },
  mhpa: {
    form: 'mhpa:l=30[,query=scaled|normed]',
    example: 'mhpa:l=30',
    size: 'l',
    read: (take) => mhpa({ l: take.size('l'), query: take.word('query', ['scaled', 'normed'], 'scaled') }),
  },
  houlsby: {
    form: 'houlsby:m=64[,std=0.01][,norms=trained|frozen]',
    example: 'houlsby:m=16',
    size: 'm',
    read: (take) =>
      houlsby({
        m: take.size('m'),
        std: take.number('std', 1e-2),
        norms: take.word('norms', ['trained', 'frozen'], 'trained'),
      }),
  },
  pfeiffer: {
    form: 'pfeiffer:r=64[,act=relu]',
    example: 'pfeiffer:r=16',
    size: 'r',
    read: (take) => pfeiffer({ r: take.size('r'), activation: take.word('act', activations, 'relu') }),
  },
  mam: {
    form: 'mam:l=30,r=512[,s=4][,mlp=800]',
    example: 'mam:l=8,r=16',
    size: 'r',
    read: (take) => mam({ l: take.size('l'), r: take.size('r'), s: take.number('s', 4), mlp: mlp(take) }),
  },
  rslora: {
    form: `rslora:r=8[,s=11.3]${atForm}`,
    example: 'rslora:r=8',
    size: 'r',
    read: lowRank(rsLora, (r) => 32 / Math.sqrt(r)),
  },
  'lora-fa': { form: `lora-fa:r=8[,s=4]${atForm}`, example: 'lora-fa:r=8', size: 'r', read: lowRank(loraFa) },
  dora: { form: `dora:r=8[,s=4]${atForm}`, example: 'dora:r=8', size: 'r', read: lowRank(dora) },
  pissa: { form: `pissa:r=8[,s=1]${atForm}`, example: 'pissa:r=8', size: 'r', read: lowRank(pissa, () => 1) },
  vera: {
    form: 'vera:r=64[,seed=1][,projections=redrawn|stored]',
    example: 'vera:r=64',
    size: 'r',
    read: (take) =>
      vera({
        r: take.size('r'),
        seed: take.size('seed', 1),
        projections: take.word('projections', ['redrawn', 'stored'], 'redrawn'),
      }),
  },
  adalora: {
    form: 'adalora:r=8[,target=4][,s=1]',
    example: 'adalora:r=8',
    size: 'r',
    read: (take) => {
      const r = take.size('r');
      return adaLora({ r, target: take.size('target', Math.max(1, Math.floor(r / 2))), s: take.number('s', 1) });
    },
  },
  ia3: {
    form: `ia3[:form=${Object.keys(ia3Forms).join('|')}]`,
    example: 'ia3',
    size: undefined,
    read: (take) => ia3({ form: take.word('form', Object.keys(ia3Forms) as Ia3Form[], 'paper') }),
  },
  compacter: {
    form: 'compacter:r=48[,n=4][,places=both|ffn]',
    example: 'compacter:r=16',
    size: 'r',
    read: (take) =>
      compacter({ r: take.size('r'), n: take.size('n', 4), places: take.word('places', ['both', 'ffn'], 'both') }),
  },
  unipelt: {
    form: 'unipelt:l=10,r=8,m=48[,gate=sequence|token]',
    example: 'unipelt:l=5,r=4,m=16',
    size: 'm',
    read: (take) =>
      uniPelt({
        l: take.size('l'),
        r: take.size('r'),
        m: take.size('m'),
        gate: take.word('gate', ['sequence', 'token'], 'sequence'),
      }),
  },
  adapterdrop: {
    form: 'adapterdrop:r=48,first=5[,mode=fixed|robust]',
    example: 'adapterdrop:r=16,first=1',
    size: 'r',
    read: (take) =>
      adapterDrop({
        r: take.size('r'),
        first: take.size('first'),
        mode: take.word('mode', ['fixed', 'robust'], 'fixed'),
      }),
  },
  point: {
    form: 'point:site=ffn,form=relu|...|prefix|diagonal|lookup,r=8[,reads=x|h|...][,how=add|mass|gate|multiply|renormalise][,s=4][,layers=from2|0.3]',
    example: 'point:site=ffn,form=relu,r=16',
    size: 'r',
    read: readPoint,
  },
  segments: {
    form: 'segments:n=3',
    example: 'segments:n=3',
    size: 'n',
    read: (take) => segments({ n: take.size('n') }),
  },
  vlm: {
    form: 'vlm:r=100[,rows=30]',
    example: 'vlm:r=16',
    size: 'r',
    read: (take) => vlm({ r: take.size('r'), rows: take.size('rows', 0) }),
  },
};

/**
 * Reads the written form of a method, `pa-ffn:r=64,s=4` or `a+b`; anything it does not know is a UserError with the
 * remedy.
 */
export function parseMethod(text: string): Method {
  // a plus stands between methods, which begin with a letter; that of a number, s=1e+2 or s=+2, does not
  const parts = text.split(/(?<!=\s*(?:[-+]?[\d.]+e)?)\+|\+(?!\d)/i).map((part) => part.trim());
  const methods = parts.map((part) => parseOne(part, text));
  if (methods.filter(({ prompt: { kind } }) => kind !== 'none').length > 1)
    throw new UserError(`Method "${text}" has two prompts; keep one.`);
  if (methods.filter(({ passes: { kind } }) => kind !== 'once').length > 1)
    throw new UserError(`Method "${text}" has two connectors; keep one.`);
  if (methods.filter(({ lifecycle: { kind } }) => kind !== 'fixed').length > 1)
    throw new UserError(`Method "${text}" has two lifecycles; keep one.`);
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
  throw new UserError(
    `Unknown method "${name}"${form === whole ? '' : ` in "${whole}"`}: methods are ${names.join(', ')}${nearest(name, names)}`,
  );
}

function parseOne(form: string, whole: string): Method {
  const take = readArguments(form);
  const method = familyOf(form, whole).read(take);
  take.finish();
  const reason = method.modifications.map(whyInvalidModification).find((text) => text !== undefined);
  if (reason !== undefined) throw new UserError(`Method "${form}" is no point of the design space: ${reason}.`);
  return method;
}
