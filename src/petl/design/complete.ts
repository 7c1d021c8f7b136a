import { UserError } from '../../errors';
import { completeComposition } from './composition';
import { completeFields } from './field';
import { completeForm } from './forms';
import { completePrompt } from './prompt';
import type { Method, Modification } from './types';
import { whereFields } from './where';

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
    modifications: method.modifications.map((modification, i) => complete(modification, `modification ${i + 1}`)),
  };
}

const methodKeys = Object.keys({
  name: true,
  modifications: true,
  unfrozen: true,
  prompt: true,
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
