import { compositions } from '../design/composition';
import { entriesOf, type Field } from '../design/field';
import { formFields } from '../design/forms';
import { bottleneck } from '../design/methods';
import type { Change, Modification, Where } from '../design/types';
import { whyInvalidModification } from '../design/valid';
import { whereFields } from '../design/where';

/** A modification, and the same with another value of one field. */
export interface Trial {
  /** `bottleneck.trains=up` */
  readonly name: string;
  readonly usual: Modification;
  /** Undefined where no place of the trials allows the value. */
  readonly changed: Modification | undefined;
}

const everywhere = { stacks: ['encoder', 'decoder'], layers: 'all' } as const;
const linear = { activation: 'identity', factors: { kind: 'dense', init: { kind: 'lora' }, bias: false } } as const;
const at = (site: Where['site'], reads: Where['reads'], change: Change): Modification => ({
  ...everywhere,
  site,
  reads,
  ...change,
});

/** Places of which at least one allows each value. */
const places: readonly Modification[] = [
  at('attn.heads', 'x', { form: bottleneck(8), composition: { kind: 'add' } }),
  at('ffn.up', 'x', { form: bottleneck(8, linear), composition: { kind: 'add' } }),
  at('ffn', 'x', { form: bottleneck(8), composition: { kind: 'add' } }),
  at('attn.heads', 'x', { form: bottleneck(8, { perHead: true }), composition: { kind: 'add' } }),
  at('attn.heads', 'query', {
    form: { kind: 'prefix', length: 4, reparameterisation: { kind: 'none' }, positions: 'kept' },
    composition: { kind: 'massGate' },
  }),
  at('ffn', 'h', { form: { kind: 'diagonal' }, composition: { kind: 'multiply' } }),
  at('embedding', 'segment', { form: { kind: 'lookup', rows: 3 }, composition: { kind: 'add' } }),
];

type AnyField = Field<unknown, unknown>;
const valid = (modification: Modification): boolean => whyInvalidModification(modification) === undefined;

/** One trial for each other value of each field of the forms, of the compositions, and of where they stand. */
export function trials(): readonly Trial[] {
  return [...formTrials(), ...compositionTrials(), ...whereTrials()];
}

function trialOf(name: string, bases: readonly Modification[], change: (base: Modification) => object): Trial {
  const tried = bases.map((usual) => ({ usual, changed: { ...usual, ...change(usual) } as Modification }));
  const found = tried.find(({ changed }) => valid(changed));
  return { name, usual: (found ?? tried[0])?.usual as Modification, changed: found?.changed };
}

const unlike = (fields: object): readonly (readonly [string, unknown])[] =>
  entriesOf<AnyField>(fields).flatMap(([name, { others }]) => others.map((value) => [name, value] as const));
const nameOf = (kind: string, field: string, value: unknown): string => `${kind}.${field}=${JSON.stringify(value)}`;

function formTrials(): readonly Trial[] {
  return Object.entries(formFields).flatMap(([kind, fields]) =>
    unlike(fields).map(([field, value]) =>
      trialOf(
        nameOf(kind, field, value),
        places.filter(({ form }) => form.kind === kind),
        ({ form }) => ({ form: { ...form, [field]: value } }),
      ),
    ),
  );
}

/** Each composition against the usual one of the place, each of its fields against its usual value. */
function compositionTrials(): readonly Trial[] {
  return Object.entries(compositions).flatMap(([kind, { fields }]) => {
    const all = entriesOf<AnyField>(fields);
    const first = { kind, ...Object.fromEntries(all.map(([name, { usual }]) => [name, usual])) };
    const bases = places.map((place) => ({ ...place, composition: first }) as Modification).filter(valid);
    return unlike(fields).map(([field, value]) =>
      trialOf(nameOf(kind, field, value), bases, () => ({ composition: { ...first, [field]: value } })),
    );
  });
}

function whereTrials(): readonly Trial[] {
  const bases = places.filter(({ form }) => form.kind === 'bottleneck');
  return unlike(whereFields('bottleneck')).map(([field, value]) =>
    trialOf(
      nameOf('where', field, value),
      bases.filter((base) => JSON.stringify(base[field as keyof Where]) !== JSON.stringify(value)),
      () => ({ [field]: value }),
    ),
  );
}
