import { bottleneckFields } from './bottleneck';
import {
  completeFields,
  entriesOf,
  printFields,
  readFields,
  unsized,
  usualOf,
  wrongField,
  type Fit,
  type FormField,
  type FormFields,
  type Reason,
  type Telling,
  type Words,
} from './field';
import type { Arguments } from './arguments';
import type { Sizes } from './formula';
import { diagonalFields, lookupFields, prefixFields } from './prefix';
import { letterOf } from './reads';
import type { Bottleneck, Form, Modification, Reads } from './types';
import { wrongKind } from './words';

/**
 * The field table of each form. Reading and printing (`point.ts`), describing (`describe.ts`, views), validity
 * (`valid.ts`), completing (`complete.ts`), merging (`isLinear`) and formulas (`sizes.ts`) follow from it; formats have
 * tables of their own (`Expressible`), typed by the same keys.
 */
export const formFields: { readonly [K in Form['kind']]: FormFields<Extract<Form, { kind: K }>> } = {
  bottleneck: bottleneckFields,
  prefix: prefixFields,
  diagonal: diagonalFields,
  lookup: lookupFields,
};

type AnyFields = FormFields<Form>;
type AnyFormField = FormField<unknown, unknown>;
const fieldsOf = ({ kind }: Pick<Form, 'kind'>): AnyFields => formFields[kind];
const each = <R>(form: Form, use: (field: AnyFormField, value: unknown) => R): readonly R[] =>
  entriesOf<AnyFormField>(fieldsOf(form)).map(([name, field]) =>
    use(field, (form as unknown as Readonly<Record<string, unknown>>)[name]),
  );

export function readForm(take: Arguments, kind: Form['kind']): Form {
  return { kind, ...readFields(fieldsOf({ kind }), take) } as Form;
}

/** The words of a form, its kind among them where no field says it. */
export function printForm(form: Form): Words {
  return { ...(form.kind === 'bottleneck' ? {} : { form: form.kind }), ...printFields(fieldsOf(form), form) };
}

export function completeForm(stored: Form, name: string): Form {
  const reason = wrongKind(formFields, stored);
  return reason === undefined ? completeFields(fieldsOf(stored), stored, name) : stored; // whyInvalid says it
}

export function wrongForm(modification: Modification): Reason {
  const { form } = modification;
  return wrongKind(formFields, form) ?? wrongField(fieldsOf(form), form, modification);
}

/** Why a model of these widths cannot have the form. */
export function misfitForm(form: Form, fit: Fit): Reason {
  return each(form, (field, value) => field.misfit(value, form, fit)).find((reason) => reason !== undefined);
}

/** Whether the form is a linear map of its input without bias: what can go into a weight. */
export function isLinear(form: Form): boolean {
  return form.kind === 'bottleneck' && each(form, (field, value) => field.linear(value)).every(Boolean);
}

/** What a form's letters stand for. */
export function formSizes(form: Form): Sizes {
  return Object.assign({}, ...each(form, (field, value) => field.letters.of(value))) as Sizes;
}

/** The same form with other sizes in place of its own. */
export function resized(form: Form, sizes: Required<Sizes>): Form {
  const own = entriesOf<AnyFormField>(fieldsOf(form)).map(
    ([name, { letters = unsized }]) =>
      [name, letters.at((form as unknown as Readonly<Record<string, unknown>>)[name], sizes)] as const,
  );
  return { ...form, ...Object.fromEntries(own) };
}

/** A bottleneck with every field at its usual value but those of `over`. */
export function usualBottleneck(r: number, over: Partial<Bottleneck>): Bottleneck {
  return { kind: 'bottleneck', ...usualOf(bottleneckFields), r, ...over } as Bottleneck;
}

/** Δh in the letters of He et al. 2021, Table 1; biases are left out, as there. */
export function formText(form: Form, reads: Reads): string {
  const told = each(form, (field, value) => field.tell(value, form));
  const notes = told.map(({ note = '' }) => note).join('');
  switch (form.kind) {
    case 'diagonal':
      return `l${notes}`;
    case 'lookup':
      return `E[segment]${notes}`;
    case 'prefix':
      return `softmax(x W_q P_kᵀ) P_v${notes}`;
    case 'bottleneck':
      return `${bottleneckText(told, letterOf(reads))}${notes}`;
  }
}

function bottleneckText(told: readonly Telling[], reads: string): string {
  const through = (key: 'input' | 'hidden' | 'output', text: string): string =>
    told.reduce((inner, telling) => telling[key]?.(inner) ?? inner, text);
  const [down, up] = told.find(({ matrices }) => matrices !== undefined)?.matrices ?? ['', ''];
  const input = through('input', reads);
  const less = told.map((telling) => telling.less?.(input)).filter((text) => text !== undefined);
  return through('output', [`${through('hidden', `${input} ${down}`)} ${up}`, ...less].join(' − '));
}
