import { activations } from './activations';
import type { Arguments } from './arguments';
import { printComposition, readComposition } from './composition';
import { printFields, readFields } from './field';
import { printForm, readForm } from './forms';
import { combine, method, written } from './methods';
import type { Method, Modification } from './types';
import { whereFields } from './where';

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
export function printPoint({ form, composition, ...where }: Modification): string {
  const words = printFields(whereFields(form.kind), where);
  // a word that stands in `words` already keeps its place: site first, layers and stacks last
  return written('point', {
    site: words['site'],
    ...printForm(form),
    reads: words['reads'],
    ...printComposition(composition, form.kind),
    ...words,
  });
}

/** Reads what `printPoint` prints. */
export function readPoint(take: Arguments): Method {
  const said = take.word('form', ['prefix', 'diagonal', 'lookup', ...activations], 'relu');
  const kind = said === 'prefix' || said === 'diagonal' || said === 'lookup' ? said : 'bottleneck';
  const { site, reads, layers, stacks } = readFields(whereFields(kind), take);
  const composition = readComposition(take, kind);
  return point({ site, stacks, layers, reads, form: readForm(take, kind), composition } as Modification);
}
