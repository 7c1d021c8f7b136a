import { knownShapes } from '../../model/known';
import { count } from '../../petl/counts/count';
import { parseMethod } from '../../petl/design/written';
import { readBankBench, readVoicesBench } from '../bench-record';
import { readHoulsby } from './published';

/** What a count or a record of equal answers says of a finding; no runs and no statistics. */
export interface Exact {
  readonly holds: boolean;
  /** The figures, in a line. */
  readonly reason: string;
}

/** Five tasks of Lin et al. 2020 with the bottlenecks of their released code; a fifth of its 30 new tokens each. */
export const publishedVoices: readonly (readonly [task: string, method: string])[] = (
  [
    ['dialogue', 100],
    ['translation', 300],
    ['summarisation', 100],
    ['questions', 300],
    ['slots', 10],
  ] as const
).map(([task, r]) => [task, `vlm:r=${r}+segments:n=6`]);

const percent = (share: number): string => `${(100 * share).toFixed(2)}%`;

/** Parameters stored beside one model, as a share of it. */
function shareOf(method: string, model: string): number {
  const shape = knownShapes[model];
  if (shape === undefined) throw new Error(`no shape ${model}`);
  const { stored, backbone } = count(parseMethod(method), shape);
  return stored / backbone;
}

/** Lin et al. 2020, abstract: a task adds 2 to 3%, the mean of five. */
export function sharesOfVoices(): Exact {
  const shares = publishedVoices.map(([, method]) => shareOf(method, 'gpt2'));
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  const found = `in the paper's arrangement ${percent(mean)} of gpt2 are stored for a task`;
  return { holds: mean >= 0.02 && mean <= 0.03, reason: `${found}, ${shares.map(percent).join(', ')}` };
}

/** Lin et al. 2020, released code: adapters of five tasks write from one model what they write from five. */
export function voicesTogether(results?: string): Exact | undefined {
  const record = readVoicesBench(results);
  if (record === undefined) return undefined;
  const { texts, tasks, models } = record;
  const found = Object.entries(models).map(([name, { equal }]) => `${equal} on ${name}`);
  return {
    holds: Object.values(models).every(({ equal }) => equal === texts),
    reason: `of ${texts} texts of ${tasks} tasks, mixed, those of ${tasks} models are ${found.join(', ')}`,
  };
}

/** Houlsby et al. 2019, Table 1: models that nine tasks take. */
const printedOfNine = { at64: 1.2, chosen: 1.3 } as const;

/**
 * As printed, to a decimal: nine adapters of 64 on BERT-large by count, and nine of sizes chosen from 8, 64 and 256,
 * with MNLI's 256 and RTE's 8 among them, whose mean share is the printed one: which task has which is not. On disk
 * nine tasks take what count says of the measured model, not what the paper prints of its own.
 */
export function nineTasks(results?: string): Exact | undefined {
  const record = readBankBench(results);
  if (record === undefined) return undefined;
  const { method, tasks, bytes } = record;
  const at64 = 1 + 9 * shareOf('houlsby:m=64', 'bert-large-uncased');
  const chosen = chosenSizes((readHoulsby().find(({ label }) => label === 'adapters 8-256')?.share ?? NaN) / 100);
  const here = 1 + (9 * bytes.tasks) / tasks / bytes.model;
  const counted = 1 + 9 * shareOf(method, 'minilm-l6');
  const found = [...new Set(chosen.map((models) => models.toFixed(2)))].join(' or ') || 'none';
  const reason =
    `BERT-large with nine houlsby:m=64 is ${at64.toFixed(2)} models by count, with sizes whose mean share is the printed ` +
    `one ${found}; MiniLM with nine ${method} ${here.toFixed(2)} on disk, ${counted.toFixed(2)} by count`;
  const isAs = (printed: number, value: number): boolean => value.toFixed(1) === printed.toFixed(1);
  const isPrinted = chosen.length > 0 && chosen.every((one) => isAs(printedOfNine.chosen, one));
  return { holds: isAs(printedOfNine.at64, at64) && isPrinted && isAs(counted, here), reason };
}

/** Models that nine tasks take at every choice of sizes whose mean share is, to a thousandth, the given one. */
function chosenSizes(meanShare: number): readonly number[] {
  const [small, middle, large] = [8, 64, 256].map((m) => shareOf(`houlsby:m=${m}`, 'bert-large-uncased'));
  const counts = Array.from({ length: 10 }, (_, i) => i);
  return counts
    .flatMap((a) => counts.map((c) => [a, 9 - a - c, c] as const))
    .filter(([a, b, c]) => a > 0 && b >= 0 && c > 0)
    .map(([a, b, c]) => a * (small ?? NaN) + b * (middle ?? NaN) + c * (large ?? NaN))
    .filter((sum) => (sum / 9).toFixed(3) === meanShare.toFixed(3))
    .map((sum) => 1 + sum);
}
