import { readRetrieval, within } from '../experiments/retrieval-record';
import { crossed, crossedInterval } from '../experiments/statistics/crossed';
import { mean } from '../experiments/statistics/statistics';
import { recordsOfRuns } from '../experiments/store/rows';
import type { RunRecord } from '../experiments/store/record';
import type { Study } from '../experiments/studies/study';
import type { SpreadPoint } from '../plots/percentiles';
import type { Column, Table } from '../plots/table';
import { printOf } from '../tasks/fingerprint';
import { lineScores } from '../tasks/metrics/answers';
import type { GenerationExample } from '../tasks/generation';
import { arms, usualArm, verseQuestions, type Arm } from '../tasks/shipped/verse-questions';
import { verses } from '../tasks/collections/verses';
import { share } from './recall';

const left = (title: string): Column => ({ title, align: 'left' });
const right = (title: string): Column => ({ title, align: 'right' });

/**
 * Exact match of each reader under each arm, in percent with crossed 95% intervals over seeds and questions, and how
 * often the right passage was among those that were read. What has no finished run is left out.
 */
export function readerTable(study: Study, results?: string): Table {
  const record = readRetrieval(verses.name, results);
  const readers = study.variants.map(({ label, runs }) => ({ label, records: recordsOfRuns(runs, results) }));
  return {
    columns: [left('passages'), right('right one among them'), ...readers.map(({ label }) => right(label))],
    rows: arms.map((arm) => {
      const ranks = arm.order === 'gold' || arm.order === 'none' ? undefined : record?.packed.ranks[arm.order];
      const among = ranks === undefined ? '' : share(within(ranks, arm.passages));
      return [
        arm.name,
        among,
        ...readers.map(({ records }) => (records.length === 0 ? 'not run' : matchOf(records, arm))),
      ];
    }),
  };
}

/** Right answers under an arm, 1 or 0, `[seed][question]`. */
function rightOf(records: readonly RunRecord[], arm: Arm): readonly (readonly number[])[] {
  return records.flatMap(({ final: { perExample } }) => {
    const places = verseQuestions.placesOf?.(arm.name, perExample.length) ?? [];
    return places.length === 0 ? [] : [places.map((at) => perExample[at] ?? NaN)];
  });
}

const matchOf = (records: readonly RunRecord[], arm: Arm): string => withInterval(rightOf(records, arm));

/** A mean in percent with its interval over seeds and questions; of one seed over questions. @param values `[seed][question]` */
function withInterval(values: readonly (readonly number[])[]): string {
  const [first] = values;
  if (first === undefined) return '';
  if (values.length === 1) return share(first);
  const percent = (value: number): string => (100 * Math.min(1, Math.max(0, value))).toFixed(1);
  const { low, high } = crossedInterval(crossed(values));
  return `${percent(mean(values.map(mean)))} [${percent(low)}, ${percent(high)}]`;
}

/** Exact match over the number of passages: a line for each order that the first variant of the label was scored on. */
export function passageCurve(study: Study, label: string, results?: string): readonly SpreadPoint[] {
  const variant = study.variants.find((one) => one.label === label);
  const records = variant === undefined ? [] : recordsOfRuns(variant.runs, results);
  const lines = { reranked: 're-ranked', union: 'as found' } as const;
  return arms.flatMap((arm): readonly SpreadPoint[] => {
    const line = (lines as Readonly<Record<string, string>>)[arm.order];
    if (line === undefined || arm.shots > 0 || arm.form !== 'text') return [];
    return [{ line, x: arm.passages, values: rightOf(records, arm).map((right) => 100 * mean(right)) }];
  });
}

/**
 * SQuAD's exact match and F1 of the first lines that were written under the usual arm, in percent with 95% intervals over
 * seeds and questions: a model as it is goes on after its answer.
 */
export async function answerTable(study: Study, results?: string): Promise<Table> {
  const { test } = await verseQuestions.load();
  return {
    columns: [
      left(`written with ${usualArm.name}`),
      right('questions'),
      right('exact match'),
      right('F1'),
      right('seeds'),
    ],
    rows: study.variants.map(({ label, runs }) => {
      const scores = recordsOfRuns(runs, results).flatMap((record) => writtenScores(record, test));
      if (scores.length === 0) return [label, '', 'not run', '', '0'];
      const shown = (of: (one: Scored) => readonly number[]): string => withInterval(scores.map(of));
      const exact = shown((one) => one.exact);
      return [label, String(scores[0]?.exact.length), exact, shown((one) => one.f1), String(scores.length)];
    }),
  };
}

/** By question, from 0 to 1. */
interface Scored {
  readonly exact: readonly number[];
  readonly f1: readonly number[];
}

/** None where a run wrote for other questions than those here. */
function writtenScores({ final: { written } }: RunRecord, test: readonly GenerationExample[]): readonly Scored[] {
  const texts = written?.texts ?? [];
  const examples = test.slice(0, texts.length);
  if (texts.length === 0 || printOf(examples).hash !== written?.examples.hash) return [];
  const all = texts.map((text, i) => lineScores(text, [examples[i]?.target ?? '']));
  return [{ exact: all.map(({ exact }) => exact), f1: all.map(({ f1 }) => f1) }];
}
