import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from '../../files';
import { gateLines, passedTasks, type GateLine } from './gate';
import { resultsFolder } from '../store/spec';
import { tasksOf, type Study } from '../studies/study';

/** What the runs of the gate say: `results/base-gate/gate.json` from the full ones. */
export interface GateRecord {
  readonly lines: readonly GateLine[];
  readonly tasks: readonly { readonly task: string; readonly outcome: 'passed' | 'floor' }[];
}

/** Every comparison and the outcome of each task; no line without finished runs. */
export async function judgeGate(study: Study, results?: string): Promise<GateRecord> {
  const lines = await gateLines(study, results);
  const passed = passedTasks(study, lines);
  return {
    lines,
    tasks: tasksOf(study).map((task) => ({ task, outcome: passed.includes(task) ? 'passed' : 'floor' })),
  };
}

function gatePath(results: string = resultsFolder()): string {
  return join(results, 'base-gate', 'gate.json');
}

/** Writes the record whole or not at all. Returns its path. */
export function writeGate(record: GateRecord, results?: string): string {
  return writeWhole(gatePath(results), `${JSON.stringify(record, null, 1)}\n`);
}

/** The record on disk; undefined before the gate was judged. */
export function readGate(results?: string): GateRecord | undefined {
  try {
    return JSON.parse(readFileSync(gatePath(results), 'utf8')) as GateRecord;
  } catch {
    return undefined;
  }
}
