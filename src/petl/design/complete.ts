import type { Method, Modification } from './types';

/** A method as an earlier version stored it, with the fields that it did not know yet, at what they were then. */
export function completeMethod(method: Method): Method {
  const { prompt } = method;
  return {
    ...method,
    prompt: prompt.kind === 'none' ? prompt : { ...prompt, positions: either(prompt.positions, 'kept') },
    modifications: method.modifications.map(
      (modification) => ({ ...modification, form: completeForm(modification.form) }) as Modification,
    ),
  };
}

function completeForm(form: Modification['form']): Modification['form'] {
  if (form.kind === 'prefix') return { ...form, positions: either(form.positions, 'kept') };
  if (form.kind !== 'bottleneck' || form.factors.kind !== 'frozenRandom') return form;
  return { ...form, factors: { ...form.factors, projections: either(form.factors.projections, 'redrawn') } };
}

/** The types say that the value is there; an older file need not. */
function either<T>(value: T | undefined, otherwise: T): T {
  return value ?? otherwise;
}
