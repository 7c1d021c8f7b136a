import type { RunEntry } from '../store/entry';
import type { RunSpec } from '../store/settings';

/** What a run will take, judged by stored runs like it. */
export interface Cost {
  /** Where no run of the model is stored, in an arbitrary unit that still orders runs. */
  readonly seconds: number;
  /** Peak memory of its process; null where no run of that family, task and batch is stored. */
  readonly peakMb: number | null;
}

type Compared = Pick<RunEntry, 'method' | 'task' | 'model' | 'precision' | 'batch' | 'maxLength'>;

/** From the most alike on; the first that some stored run meets decides. */
const likenesses: readonly ((a: Compared, b: Compared) => boolean)[] = [
  (a, b) => a.method === b.method && isShaped(a, b),
  (a, b) => familyOf(a.method) === familyOf(b.method) && isShaped(a, b),
  (a, b) => a.task === b.task && a.model === b.model,
  (a, b) => a.model === b.model,
];

/** As far as here two runs hold the same tensors but for the method's own. */
const alikeInMemory = 2;

function isShaped(a: Compared, b: Compared): boolean {
  return (['task', 'model', 'precision', 'batch', 'maxLength'] as const).every((key) => a[key] === b[key]);
}

function familyOf(method: string): string {
  return method.split(':')[0] ?? method;
}

/** Medians over the stored runs most like a spec; time in proportion to the examples that pass through the model. */
export function costsBy(entries: readonly RunEntry[]): (spec: RunSpec) => Cost {
  const known = new Map<string, Cost & { readonly work: number }>();
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
    const found = known.get(key) ?? judged(compared, entries);
    known.set(key, found);
    return { seconds: found.seconds * workOf(spec, found.work), peakMb: found.peakMb };
  };
}

/** Seconds of a unit of work, and examples of a run where a spec says "all". */
function judged(spec: Compared, entries: readonly RunEntry[]): Cost & { readonly work: number } {
  for (const [i, isLike] of likenesses.entries()) {
    const like = entries.filter((entry) => isLike(entry, spec));
    if (like.length === 0) continue;
    const peaks = i < alikeInMemory ? like.flatMap(({ peakMb }) => peakMb ?? []) : [];
    return {
      seconds: median(like.map((entry) => entry.seconds / workDone(entry))),
      peakMb: peaks.length === 0 ? null : median(peaks),
      work: median(like.map((entry) => entry.steps * entry.batch)),
    };
  }
  return { seconds: 1, peakMb: null, work: 1000 };
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
