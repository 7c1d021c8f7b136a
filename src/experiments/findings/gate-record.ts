import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { readJson, real, whole, type Schema } from '../../json';
import { writeWhole } from '../../files';
import { gateLines, isPassed, labelRivals, rivals, rivalsOf, type GateLine } from './gate';
import { settingsOf, type GateSetting } from './gate-data';
import { majorityAnswers, type MajorityAnswer } from './majority';
import { labelGateLines } from './label-gate';
import { resultsFolder } from '../store/spec';
import type { Study } from '../studies/study';

/** What the runs of the gate say: `results/base-gate/gate.json` from the full ones. */
export interface GateRecord {
  readonly lines: readonly GateLine[];
  /** Of the settings that are scored by exact match; records from before have none. */
  readonly majority?: readonly MajorityAnswer[];
  readonly settings: readonly (GateSetting & { readonly outcome: 'passed' | 'floor' })[];
}

/** Every comparison and the outcome of each setting; no line without finished runs. */
export async function judgeGate(study: Study, results?: string): Promise<GateRecord> {
  const texts = await gateLines(study, results);
  const labels = study.tier === 'full' ? labelGateLines(results) : [];
  const judged = settingsOf(study).filter(({ task, model }) =>
    texts.some((line) => line.task === task && line.model === model),
  );
  return {
    lines: [...texts, ...labels],
    majority: await majorityAnswers(study, results),
    settings: [
      ...judged.map((one) => ({ ...one, outcome: isPassed(study, one, texts) ? 'passed' : 'floor' }) as const),
      ...labelOutcomes(labels),
    ],
  };
}

/** A setting passes where it was held against every rival and won. */
function labelOutcomes(lines: readonly GateLine[]): GateRecord['settings'] {
  return [...new Set(lines.map(({ task }) => task))].map((task) => {
    const own = lines.filter((line) => line.task === task);
    const wanted = rivalsOf(own[0]?.statistic === 'F1 of answers' ? 'span-f1' : 'accuracy');
    const isWhole = wanted.every((name) => own.some(({ against }) => against === name));
    return {
      task,
      model: own[0]?.model ?? '',
      outcome: isWhole && own.every(({ passed }) => passed) ? 'passed' : 'floor',
    };
  });
}

function gatePath(results: string = resultsFolder()): string {
  return join(results, 'base-gate', 'gate.json');
}

/** Writes the record whole or not at all. Returns its path. */
export function writeGate(record: GateRecord, results?: string): string {
  return writeWhole(gatePath(results), `${JSON.stringify(record, null, 1)}\n`);
}

const line: Schema<GateLine> = v.strictObject({
  task: v.string(),
  model: v.string(),
  against: v.picklist([...rivals, ...labelRivals]),
  statistic: v.picklist(['nats per token', 'chrF, mean of texts', 'right answers', 'F1 of answers']),
  gap: real,
  interval: v.strictObject({ low: real, high: real }),
  seeds: whole,
  passed: v.boolean(),
});
const majority: Schema<MajorityAnswer> = v.strictObject({
  task: v.string(),
  answer: v.string(),
  tests: v.strictObject({ count: whole, hash: v.string() }),
  right: v.array(whole),
});
const schema: Schema<GateRecord> = v.strictObject({
  lines: v.array(line),
  majority: v.optional(v.array(majority)),
  settings: v.array(v.strictObject({ task: v.string(), model: v.string(), outcome: v.picklist(['passed', 'floor']) })),
});

/**
 * The record on disk; undefined before the gate was judged.
 * @throws UserError where the file holds something else
 */
export function readGate(results?: string): GateRecord | undefined {
  const path = gatePath(results);
  return existsSync(path) ? readJson(path, schema, 'remove the file and judge again with: npx petl gate') : undefined;
}
