import type { Method, Modification } from './types';

/** The method without prefix MLPs: free prefixes in their place. Its name stays, to say how it was trained. */
export function collapsedMethod(method: Method): Method {
  const free = (modification: Modification): Modification =>
    modification.form.kind !== 'prefix'
      ? modification
      : ({ ...modification, form: { ...modification.form, reparameterisation: { kind: 'none' } } } as Modification);
  return { ...method, modifications: method.modifications.map(free) };
}
