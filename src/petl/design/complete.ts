import * as v from 'valibot';
import { UserError } from '../../errors';
import type { Schema } from '../../json';
import { completeComposition } from './composition';
import { completeFields } from './field';
import { completeForm } from './forms';
import { passesKinds } from './passes';
import { completePrompt } from './prompt';
import { lifecycleKinds, unfrozenKinds } from './training';
import type { Method, Modification } from './types';
import { whereFields } from './where';
import { completeKind } from './words';

const kinded = v.looseObject({ kind: v.string() });

/** What a record must look like for `completeMethod` to look into it: its fields have tables of their own. */
export const methodSchema: Schema<unknown> = v.looseObject({
  name: v.string(),
  modifications: v.array(
    v.looseObject({
      site: v.string(),
      stacks: v.array(v.string()),
      layers: v.union([v.string(), v.array(v.number()), v.looseObject({ from: v.number() })]),
      reads: v.string(),
      form: kinded,
      composition: kinded,
    }),
  ),
  unfrozen: v.array(kinded),
  prompt: kinded,
  passes: v.optional(kinded),
  lifecycle: kinded,
  counted: v.picklist(['matrices', 'all']),
});

/**
 * A method as an earlier version stored it, with the fields that it did not know yet, at what they were then.
 * @throws UserError for a field that this version does not know: it may change what is computed
 */
export function completeMethod(method: Method): Method {
  const unknown = Object.keys(method).find((key) => !(methodKeys as readonly string[]).includes(key));
  if (unknown !== undefined)
    throw new UserError(`A method has no field "${unknown}" in this version; read it with the version that wrote it.`);
  return {
    ...method,
    prompt: completePrompt(method.prompt),
    passes: completeKind(passesKinds, (method as Partial<Method>).passes ?? { kind: 'once' }, 'passes'),
    unfrozen: method.unfrozen.map((part) => completeKind(unfrozenKinds, part, 'unfrozen')),
    lifecycle: completeKind(lifecycleKinds, method.lifecycle, 'lifecycle'),
    modifications: method.modifications.map((modification, i) => complete(modification, `modification ${i + 1}`)),
  };
}

const methodKeys = Object.keys({
  name: true,
  modifications: true,
  unfrozen: true,
  prompt: true,
  passes: true,
  lifecycle: true,
  counted: true,
} satisfies { readonly [K in keyof Required<Method>]: true });

function complete({ form, composition, ...where }: Modification, name: string): Modification {
  return {
    ...completeFields(whereFields(form.kind), where, name),
    form: completeForm(form, `${name}'s form`),
    composition: completeComposition(composition, `${name}'s composition`),
  } as Modification;
}
