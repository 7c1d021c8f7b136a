import { UserError } from '../../errors';
import { sites, type Site, type Stack } from '../../model/site';
import type { Arguments } from './arguments';
import type {
  Activation,
  Bottleneck,
  Change,
  Composition,
  Factors,
  Layers,
  Method,
  Modification,
  Prefix,
  Reads,
} from './types';
import { combine, method, written } from './methods';

export const activations: readonly Activation[] = [
  'relu',
  'gelu',
  'geluTanh',
  'silu',
  'tanh',
  'sigmoid',
  'softmax',
  'identity',
];
const readings: readonly Reads[] = ['x', 'query', 'query(norm(x))', 'h', 'residual', 'h+residual', 'norm(h+residual)'];
/** `+` joins methods in the written form, so readings are written without it. */
const readingWords = readings.map((reads) => reads.replace('+', '&'));

/**
 * Any point of the design space as a method, in the written form
 * `point:site=ffn,reads=x,form=relu,r=8,how=add,...`: every field of a modification has a word.
 */
export function point(modification: Modification): Method {
  return method(printPoint(modification), { modifications: [modification] });
}

/** Modifications that no family need have as one method, whose written form joins their points. */
export function pointsOf(modifications: readonly Modification[]): Method {
  return modifications.map(point).reduce(combine);
}

/** The written form of one modification; what is usual is left out. */
export function printPoint({ site, stacks, layers, reads, form, composition }: Modification): string {
  return written('point', {
    site,
    form: form.kind === 'bottleneck' ? form.activation : form.kind,
    ...(form.kind === 'bottleneck' ? bottleneckWords(form) : {}),
    ...(form.kind === 'prefix' ? prefixWords(form) : {}),
    reads: reads === usualReads(form.kind) ? undefined : reads.replace('+', '&'),
    ...compositionWords(composition, form.kind),
    layers: layers === 'all' ? undefined : 'from' in layers ? `from${layers.from}` : layers.join('.'),
    stacks: stacks.length === 2 ? undefined : stacks.join('.'),
  });
}

/** Reads what `printPoint` prints. */
export function readPoint(take: Arguments): Method {
  const form = take.word('form', ['prefix', 'diagonal', ...activations], 'relu');
  const kind = form === 'prefix' || form === 'diagonal' ? form : 'bottleneck';
  const where = {
    site: take.word('site', sites, 'ffn') as Site,
    stacks: take.word('stacks', ['encoder', 'decoder', 'encoder.decoder'], 'encoder.decoder').split('.') as Stack[],
    layers: layersOf(take.text('layers', 'all')),
    reads: readings[readingWords.indexOf(take.word('reads', readingWords, usualReads(kind)))] as Reads,
  };
  const composition = readComposition(take, kind);
  return point({ ...where, ...readChange(take, form, composition) } as Modification);
}

function readChange(take: Arguments, form: Activation | 'prefix' | 'diagonal', composition: Composition): Change {
  if (form === 'diagonal') return { form: { kind: 'diagonal' }, composition: composition as { kind: 'multiply' } };
  if (form === 'prefix') {
    const width = take.size('mlp', 0);
    const positions = take.word('positions', ['kept', 'shifted'], 'kept');
    return {
      form: {
        kind: 'prefix',
        length: take.size('l'),
        reparameterisation: width > 0 ? { kind: 'mlp', width } : { kind: 'none' },
        positions,
      },
      composition,
    } as Change;
  }
  const bottleneck: Bottleneck = {
    kind: 'bottleneck',
    activation: form,
    r: take.size('r'),
    perHead: take.word('heads', ['one', 'each'], 'one') === 'each',
    innerNorm: take.word('norm', ['none', 'in', 'out'], 'none'),
    dropout: take.number('drop', 0),
    trains: take.word('trains', ['both', 'up'], 'both'),
    factors: readFactors(take),
  };
  return { form: bottleneck, composition } as Change;
}

function readFactors(take: Arguments): Factors {
  const kind = take.word('factors', ['dense', 'phm', 'random', 'principal', 'triplet'], 'dense');
  switch (kind) {
    case 'dense': {
      const init = take.word('init', ['bert', 'lora', 'houlsby'], 'bert');
      return {
        kind,
        init: init === 'houlsby' ? { kind: init, std: take.number('std', 0.01) } : { kind: init },
        bias: take.word('bias', ['yes', 'no'], 'yes') === 'yes',
      };
    }
    case 'phm':
      return {
        kind,
        n: take.size('n', 4),
        rank: take.size('rank', 1),
        share: take.word('share', ['yes', 'no'], 'yes') === 'yes',
        bias: take.word('bias', ['yes', 'no'], 'yes') === 'yes',
      };
    case 'random':
      return {
        kind: 'frozenRandom',
        seed: take.size('seed', 1),
        initial: take.number('start', 0.1),
        projections: take.word('projections', ['redrawn', 'stored'], 'redrawn'),
      };
    case 'principal':
    case 'triplet':
      return { kind };
  }
}

function readComposition(take: Arguments, kind: string): Composition {
  const s = take.numberOr('s', ['learned', 'channel']);
  const how = take.word('how', ['add', 'mass', 'gate', 'gate-sequence', 'multiply', 'renormalise'], usualHow(kind));
  switch (how) {
    case 'gate':
    case 'gate-sequence':
      return { kind: 'inputGate', scale: fixedScale(how, s), per: how === 'gate' ? 'token' : 'sequence' };
    case 'renormalise':
      return { kind: how, scale: fixedScale(how, s) };
    case 'mass':
    case 'multiply':
      if (s !== undefined)
        throw new UserError(
          `s=${s} has no effect with how=${how}: only what is added or renormalised has a scale; leave out s or write how=add.`,
        );
      return { kind: how === 'mass' ? 'massGate' : how };
    case 'add':
      break;
  }
  if (s === undefined) return { kind: 'add' };
  if (typeof s === 'number') return { kind: 'scaledAdd', scale: { kind: 'fixed', value: s } };
  return {
    kind: 'scaledAdd',
    scale: { kind: s === 'learned' ? 'learned' : 'perChannel', initial: take.number('initial', 1) },
  };
}

/** A trained scale beside a trained gate or magnitude would say the same twice; none has it. */
function fixedScale(how: string, s: number | 'learned' | 'channel' | undefined): number {
  if (typeof s === 'number') return s;
  if (s === undefined) return 1;
  throw new UserError(
    `s=${s} has no effect with how=${how}, whose scale is a number; write s=4 or leave it out, or write how=add.`,
  );
}

function compositionWords(composition: Composition, kind: string): Record<string, string | number | undefined> {
  const how = {
    add: 'add',
    scaledAdd: 'add',
    massGate: 'mass',
    inputGate: 'gate',
    multiply: 'multiply',
    renormalise: 'renormalise',
  }[composition.kind];
  const word = composition.kind === 'inputGate' && composition.per === 'sequence' ? 'gate-sequence' : how;
  const said = word === usualHow(kind) ? undefined : word;
  if (composition.kind === 'inputGate' || composition.kind === 'renormalise')
    return { how: said, s: composition.scale === 1 ? undefined : composition.scale };
  if (composition.kind !== 'scaledAdd') return { how: said };
  const { scale } = composition;
  if (scale.kind === 'fixed') return { how: said, s: scale.value };
  return {
    how: said,
    s: scale.kind === 'learned' ? 'learned' : 'channel',
    initial: scale.initial === 1 ? undefined : scale.initial,
  };
}

function prefixWords({ length, reparameterisation, positions }: Prefix): Record<string, string | number | undefined> {
  return {
    l: length,
    mlp: reparameterisation.kind === 'mlp' ? reparameterisation.width : undefined,
    positions: or('kept', positions),
  };
}

function bottleneckWords({
  r,
  perHead,
  innerNorm,
  dropout,
  trains,
  factors,
}: Bottleneck): Record<string, string | number | undefined> {
  return {
    r,
    heads: perHead ? 'each' : undefined,
    norm: or('none', innerNorm),
    drop: or(0, dropout),
    trains: or('both', trains),
    ...factorWords(factors),
  };
}

function factorWords(factors: Factors): Record<string, string | number | undefined> {
  switch (factors.kind) {
    case 'dense': {
      const { init, bias } = factors;
      return {
        init: or('bert', init.kind),
        std: init.kind === 'houlsby' ? or(0.01, init.std) : undefined,
        bias: yes(bias),
      };
    }
    case 'phm':
      return {
        factors: 'phm',
        n: or(4, factors.n),
        rank: or(1, factors.rank),
        share: yes(factors.share),
        bias: yes(factors.bias),
      };
    case 'frozenRandom':
      return {
        factors: 'random',
        seed: or(1, factors.seed),
        start: or(0.1, factors.initial),
        projections: or('redrawn', factors.projections),
      };
    case 'principal':
    case 'triplet':
      return { factors: factors.kind };
  }
}

function layersOf(text: string): Layers {
  if (text === 'all') return 'all';
  const from = /^from(\d+)$/.exec(text);
  return from ? { from: Number(from[1]) } : text.split('.').map(Number);
}

const or = <T>(usual: T, value: T): T | undefined => (value === usual ? undefined : value);
const yes = (value: boolean): 'no' | undefined => (value ? undefined : 'no');
const usualReads = (kind: string): Reads => (kind === 'prefix' ? 'query' : kind === 'diagonal' ? 'h' : 'x');
const usualHow = (kind: string): 'add' | 'mass' | 'multiply' =>
  kind === 'prefix' ? 'mass' : kind === 'diagonal' ? 'multiply' : 'add';
