import type { RunEntry } from '../store/entry';
import type { RunSpec } from '../store/settings';

type Compared = Pick<RunEntry, 'method' | 'task' | 'model' | 'precision' | 'batch' | 'maxLength'>;

/** From the most alike on; the first that some stored run meets decides. */
const likenesses: readonly ((a: Compared, b: Compared) => boolean)[] = [
  (a, b) => a.method === b.method && isShaped(a, b),
  (a, b) => familyOf(a.method) === familyOf(b.method) && isShaped(a, b),
  (a, b) => a.task === b.task && a.model === b.model,
  (a, b) => a.model === b.model,
];

function isShaped(a: Compared, b: Compared): boolean {
  return (['task', 'model', 'precision', 'batch', 'maxLength'] as const).every((key) => a[key] === b[key]);
}

function familyOf(method: string): string {
  return method.split(':')[0] ?? method;
}

/**
 * Seconds that a run will take: the median of the stored runs most like it, in proportion to the examples that pass
 * through the model. Where no run of the model is stored, in an arbitrary unit that still orders runs.
 */
export function costsBy(entries: readonly RunEntry[]): (spec: RunSpec) => number {
  const known = new Map<string, Pace>();
  return (spec) => {
    const compared = { ...spec, ...spec.training };
    const key = JSON.stringify([
      spec.method,
      spec.task,
      spec.model,
      compared.precision,
      compared.batch,
      compared.maxLength,
    ]);
    const found = known.get(key) ?? paceOf(compared, entries);
    known.set(key, found);
    return found.seconds * workOf(spec, found.work);
  };
}

/** Seconds of a unit of work, and examples of a run where a spec says "all". */
interface Pace {
  readonly seconds: number;
  readonly work: number;
}

function paceOf(spec: Compared, entries: readonly RunEntry[]): Pace {
  for (const isLike of likenesses) {
    const like = entries.filter((entry) => isLike(entry, spec));
    if (like.length > 0)
      return {
        seconds: median(like.map((entry) => entry.seconds / workDone(entry))),
        work: median(like.map((entry) => entry.steps * entry.batch)),
      };
  }
  return { seconds: 1, work: 1000 };
}

/** Example passes: a training step costs about three of scoring. */
function workDone({ steps, batch, tested, maxLength }: RunEntry): number {
  return (3 * steps * batch + tested) * Math.sqrt(maxLength);
}

function workOf({ training }: RunSpec, usual: number): number {
  const { examples, epochs, scored, maxLength } = training;
  const trained = examples === 'all' ? usual : examples * epochs;
  return (3 * trained + (scored.test === 'all' ? 1000 : scored.test)) * Math.sqrt(maxLength);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
