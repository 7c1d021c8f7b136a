import { studies } from '../index';
import type { Study } from '../study';

const made = new Map<string, Study>();

/** A shipped study of the full tier, made once for all the questions of a test. */
export function fullStudy(name: string): Study {
  const study = made.get(name) ?? studies[name]!('full');
  made.set(name, study);
  return study;
}
