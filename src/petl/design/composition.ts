import { UserError } from '../../errors';
import type { Arguments } from './arguments';
import { printFields, readFields, wrongField, type Fields, type Reason, type Words } from './field';
import { letterOf } from './reads';
import type { Change, Composition, Form, Modification, Reads, Scale } from './types';
import { amount, completeKind, needed, variant, wrongKind, type Kinds, type Written } from './words';

type Of<K extends Composition['kind']> = Extract<Composition, { kind: K }>;

/** What is to be known of one way of putting a change back. */
interface Row<C extends Composition> {
  /** Its words for `how`; several where the word says a field, too. */
  readonly hows: readonly string[];
  readonly how: (composition: C) => string;
  readonly fields: Fields<C, unknown>;
  readonly tell: (composition: C, form: Form, reads: Reads) => string;
  /** Whether h stays a linear map of the site's input where the form is one. */
  readonly linear: boolean;
  /** Whether it needs the map that made h. */
  readonly changesWeight: boolean;
}

const scaleKinds: Kinds<Scale> = {
  fixed: { word: 'fixed', fields: { value: amount('s', 1, 2) } },
  learned: { word: 'learned', fields: { initial: amount('initial', 1, 3) } },
  perChannel: { word: 'channel', fields: { initial: amount('initial', 1, 3) } },
};

/** `s=4`, `s=learned,initial=2`, `s=channel`. */
const trainedScale: Written<Scale> = {
  ...variant('s', scaleKinds, { kind: 'fixed', value: 1 }),
  read: (take) => {
    const s = take.numberOr('s', ['learned', 'channel']) ?? 1;
    return typeof s === 'number'
      ? { kind: 'fixed', value: s }
      : { kind: s === 'learned' ? s : 'perChannel', ...readFields(scaleKinds.learned.fields, take) };
  },
  print: (scale) =>
    scale.kind === 'fixed'
      ? { s: scale.value }
      : {
          s: scaleKinds[scale.kind].word,
          ...printFields(scaleKinds.learned.fields, scale as Scale & { kind: 'learned' }),
        },
};

/** A trained scale beside a trained gate or magnitude would say the same twice; none has it. */
const plainScale: Written<number> = {
  ...amount('s', 1, 2),
  read: (take) => {
    const s = take.numberOr('s', ['learned', 'channel']) ?? 1;
    if (typeof s === 'number') return s;
    const how = take.text('how', '');
    throw new UserError(
      `s=${s} has no effect with how=${how}, whose scale is a number; write s=4 or leave it out, or write how=add.`,
    );
  },
};

/** Said by `how` itself. */
const per: Written<Of<'inputGate'>['per']> = {
  usual: 'token',
  others: ['sequence'],
  read: (take) => (take.text('how', 'gate') === 'gate' ? 'token' : 'sequence'),
  print: () => ({}),
  complete: needed,
  wrong: (value) =>
    ['token', 'sequence'].includes(value) ? undefined : `a gate is per token or sequence, not ${value}`,
};

const alike = (how: string) => ({ hows: [how], how: () => how }) as const;

export const compositions: { readonly [K in Composition['kind']]: Row<Of<K>> } = {
  add: { ...alike('add'), fields: {}, tell: () => 'h + Δh', linear: true, changesWeight: false },
  scaledAdd: {
    ...alike('add'),
    fields: { scale: trainedScale },
    tell: ({ scale }) => `h + s Δh, s ${scaleTexts(scale)}`,
    linear: true,
    changesWeight: false,
  },
  massGate: { ...alike('mass'), fields: {}, tell: () => '(1 − λ) h + λ Δh', linear: false, changesWeight: false },
  inputGate: {
    hows: ['gate', 'gate-sequence'],
    how: (gate) => (gate.per === 'token' ? 'gate' : 'gate-sequence'),
    fields: { scale: plainScale, per },
    tell: gateText,
    linear: false,
    changesWeight: false,
  },
  multiply: {
    ...alike('multiply'),
    fields: {},
    tell: (_, form) => (form.kind === 'diagonal' ? 'l h' : 'h (1 + Δh)'),
    linear: false,
    changesWeight: false,
  },
  renormalise: {
    ...alike('renormalise'),
    fields: { scale: plainScale },
    tell: ({ scale }) => `m (W + s ΔW) / |W + s ΔW| x, s = ${digits(scale)}`,
    linear: true,
    changesWeight: true,
  },
};

type AnyRow = Row<Composition>;
const rowOf = ({ kind }: Composition): AnyRow => compositions[kind] as unknown as AnyRow;

/** How a form is put back where its written form does not say. */
const usualHow: Readonly<Record<Form['kind'], string>> = {
  bottleneck: 'add',
  prefix: 'mass',
  diagonal: 'multiply',
  lookup: 'add',
};

/** What the union `Change` allows. */
const allowed: {
  readonly [K in Form['kind']]: readonly Extract<Change, { form: { kind: K } }>['composition']['kind'][];
} = {
  bottleneck: ['add', 'scaledAdd', 'inputGate', 'multiply', 'renormalise'],
  prefix: ['massGate', 'add', 'scaledAdd', 'inputGate'],
  diagonal: ['multiply'],
  lookup: ['add'],
};

export function readComposition(take: Arguments, kind: Form['kind']): Composition {
  const s = take.numberOr('s', ['learned', 'channel']);
  const rows = Object.entries(compositions) as unknown as [Composition['kind'], AnyRow][];
  const how = take.word('how', [...new Set(rows.flatMap(([, { hows }]) => hows))], usualHow[kind]);
  const named = rows.filter(([, { hows }]) => hows.includes(how));
  // one without a scale and one with it share a word
  const [found, { fields }] = (named.find(([, row]) => 'scale' in row.fields === (s !== undefined)) ?? named[0]) as [
    Composition['kind'],
    AnyRow,
  ];
  if (s !== undefined && !('scale' in fields))
    throw new UserError(
      `s=${s} has no effect with how=${how}: only what is added or renormalised has a scale; leave out s or write how=add.`,
    );
  return { kind: found, ...readFields(fields, take) } as Composition;
}

export function printComposition(composition: Composition, kind: Form['kind']): Words {
  const { how, fields } = rowOf(composition);
  const word = how(composition);
  return { how: word === usualHow[kind] ? undefined : word, ...printFields(fields, composition) };
}

export function compositionOf(composition: Composition, form: Form, reads: Reads): string {
  return rowOf(composition).tell(composition, form, reads);
}

export const completeComposition = (stored: Composition, name: string): Composition =>
  completeKind(
    Object.fromEntries(
      Object.entries(compositions).map(([kind, { fields }]) => [kind, { word: kind, fields }]),
    ) as unknown as Kinds<Composition>,
    stored,
    name,
  );

/** What the union `Change` refuses at compile time, said at run time, and what no type can say. */
export function whyNotPutBack({ form: { kind }, composition }: Modification): Reason {
  const untyped = wrongKind(compositions, composition);
  if (untyped !== undefined) return untyped;
  const kinds: readonly string[] = allowed[kind];
  const gated = composition.kind === 'massGate' ? '; the gate by attention mass exists only for a prefix' : '';
  if (!kinds.includes(composition.kind))
    return `a ${kind} is put back by ${kinds.join(', ')}, not by ${composition.kind}${gated}`;
  return (
    wrongField(rowOf(composition).fields, composition, undefined) ??
    (fixedScale(composition) === 0 ? 's = 0 switches the modification off; choose another s' : undefined)
  );
}

/** The scale, if it does not train. */
function fixedScale(composition: Composition): number | undefined {
  if (!('scale' in composition)) return undefined;
  const { scale } = composition;
  if (typeof scale === 'number') return scale;
  return scale.kind === 'fixed' ? scale.value : undefined;
}

function scaleTexts(scale: Scale): string {
  switch (scale.kind) {
    case 'fixed':
      return `= ${digits(scale.value)}`;
    case 'learned':
      return 'learned';
    case 'perChannel':
      return 'learned for each channel';
  }
}

function gateText({ scale, per: each }: Of<'inputGate'>, form: Form, reads: Reads): string {
  const [s, said] = scale === 1 ? ['', ''] : ['s ', `, s = ${digits(scale)}`];
  const input = form.kind === 'prefix' ? 'x' : letterOf(reads);
  const gate = `g = σ(${input} w + b)${each === 'sequence' ? ', its mean over the sequence' : ''}`;
  return form.kind === 'prefix'
    ? `(1 − λ) h + λ Δh of g P_k, g ${s}P_v${said}, ${gate}`
    : `h + g ${s}Δh${said}, ${gate}`;
}

/** At most three digits. */
function digits(value: number): string {
  return String(Number(value.toPrecision(3)));
}
