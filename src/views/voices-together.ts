import type { RunRecord } from '../experiments/store/record';
import { recordsOfRuns } from '../experiments/store/rows';
import type { Study } from '../experiments/studies/study';
import { mean } from '../experiments/statistics/statistics';
import type { Table } from '../plots/table';
import { partOf } from '../tasks/mixture';
import { testsHere } from './voices';

/**
 * Nats per target token of each task on the same test examples: runs on all tasks at once, and the voices apart. Means
 * over the seeds that are there. @param joint the study of a mixture @param apart a study of each of its tasks
 */
export async function togetherTable(joint: Study, apart: readonly Study[], results?: string): Promise<Table> {
  const [first] = joint.variants;
  const test = await testsHere(first?.runs[0]?.task ?? '');
  if (typeof test === 'string') return { columns: [{ title: 'nats per token', align: 'left' }], rows: [[test]] };
  const names = apart.map((study) => study.variants[0]?.runs[0]?.task ?? '');
  const rows = joint.variants.map(({ label, runs }) => [
    label,
    ...cells(names, (task) => recordsOfRuns(runs, results).map((record) => natsOfPart(record, test.map(partOf), task))),
  ]);
  const most = new Map(names.map((task) => [task, test.filter((example) => partOf(example) === task).length]));
  const alone = (['full', 'vlm'] as const).map((kind) => [
    kind === 'full' ? 'full fine-tuning, a copy for each' : 'VLM, an adapter for each',
    ...cells(names, (task) => {
      const study = apart[names.indexOf(task)];
      const variant = study?.variants.find(({ name }) => name.startsWith(kind) && name.includes('segments'));
      return recordsOfRuns(variant?.runs ?? [], results).map((record) => natsOfFirst(record, most.get(task) ?? 0));
    }),
  ]);
  return {
    columns: ['nats per token', ...names].map((title, c) => ({ title, align: c === 0 ? 'left' : 'right' })),
    rows: [...rows, ...alone],
  };
}

function cells(names: readonly string[], of: (task: string) => readonly number[]): readonly string[] {
  return names.map((task) => {
    const values = of(task).filter(Number.isFinite);
    return values.length === 0 ? 'not run' : `${mean(values).toFixed(3)} (${values.length})`;
  });
}

/** A mixture's parts of its score add up to the mean of its tasks' means. */
export function natsOfPart({ final: { perExample } }: RunRecord, parts: readonly string[], task: string): number {
  const count = new Set(parts.slice(0, perExample.length)).size;
  return perExample.reduce((sum, value, i) => (parts[i] === task ? sum + value : sum), 0) * (count / perExample.length);
}

/** Over the first examples alone. */
export function natsOfFirst({ final: { perExample, tokens } }: RunRecord, most: number): number {
  const unit = mean(tokens);
  const nats = perExample.slice(0, most).reduce((sum, value) => sum + value * unit, 0);
  return nats / tokens.slice(0, most).reduce((sum, n) => sum + n, 0);
}
