import { knownShapes } from '../../model/known';
import { count } from '../../petl/counts/count';
import { parseMethod } from '../../petl/design/written';
import { readBankBench, readVoicesBench } from '../bench-record';

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

/** Houlsby et al. 2019, table 1: 1.2 times where each adapter has 64, 1.3 where its size is chosen. */
export function nineTasks(results?: string): Exact | undefined {
  const record = readBankBench(results);
  if (record === undefined) return undefined;
  const printed = 1 + 9 * shareOf('houlsby:m=64', 'bert-large-uncased');
  const { method, tasks, bytes } = record;
  const here = 1 + (9 * bytes.tasks) / tasks / bytes.model;
  const reason = `BERT-large with nine houlsby:m=64 is ${printed.toFixed(2)} models by count; MiniLM with nine ${method} ${here.toFixed(2)} on disk`;
  return { holds: Math.max(printed, here) <= 1.3, reason };
}
