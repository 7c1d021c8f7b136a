import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import * as v from 'valibot';
import { readJson, readText, real, type Schema } from '../../json';
import { projectRoot } from '../../project';
import { programKey } from '../../training/job';
import type { RunSpec } from '../store/settings';
import { termNames, type Terms } from './names';

/** MiB that a unit of each term takes, fitted to measured runs by `scripts/memory.mjs`. */
export type Weights = Terms;

const weightsSchema: Schema<{ readonly weights: Weights }> = v.object({
  weights: v.object(Object.fromEntries(termNames.map((name) => [name, v.pipe(real, v.minValue(0))]))),
}) as unknown as Schema<{ readonly weights: Weights }>;

const termsSchema: Schema<readonly Terms[]> = v.array(
  v.object(Object.fromEntries(termNames.map((name) => [name, real]))),
) as unknown as Schema<readonly Terms[]>;

/** What `data/memory.json` holds. */
export function storedWeights(): Weights {
  const path = join(projectRoot(), 'data', 'memory.json');
  return readJson(path, weightsSchema, 'this copy of the project is incomplete, clone it again').weights;
}

/** Peak memory of a process that makes such a run, in MiB. */
export function peakBy(weights: Weights, terms: Terms): number {
  return termNames.reduce((sum, name) => sum + weights[name] * terms[name], 0);
}

/** Peak memory of a run's process in MiB; null where its model or data are not here. */
export type PeakOf = (spec: RunSpec) => number | null;

/** What this process has looked at. */
const seen = new Map<string, number>();

/**
 * Peak memory of each run's process before any has started: what its tensors take in closed form, by weights that were
 * fitted to measured runs. Null where a model or data are not here. Tasks are loaded in processes of their own.
 */
export function foreseePeaks(specs: readonly RunSpec[]): PeakOf {
  const distinct = [...new Map(specs.map((spec) => [keyOf(spec), spec])).values()].filter(
    (spec) => !seen.has(keyOf(spec)),
  );
  const byTask = new Map<string, RunSpec[]>();
  for (const spec of distinct) byTask.set(spec.task, [...(byTask.get(spec.task) ?? []), spec]);
  const weights = storedWeights();
  for (const alike of byTask.values()) {
    const terms = lookElsewhere(alike);
    alike.forEach((spec, i) => {
      const own = terms?.[i];
      if (own !== undefined) seen.set(keyOf(spec), peakBy(weights, own));
    });
  }
  return (spec) => seen.get(keyOf(spec)) ?? null;
}

function keyOf(spec: RunSpec): string {
  const { examples, scored, target } = spec.training;
  return JSON.stringify([programKey(spec), examples, scored, target]);
}

/** The terms of runs of one task; undefined where they cannot be told. */
export function lookElsewhere(specs: readonly RunSpec[]): readonly Terms[] | undefined {
  const { stdout } = spawnSync(process.execPath, [join(projectRoot(), 'bin', 'petl.cjs'), 'look'], {
    input: JSON.stringify(specs),
    stdio: ['pipe', 'pipe', 'ignore'],
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  const read = readText(stdout ?? '', termsSchema);
  return read.kind === 'value' && read.value.length === specs.length ? read.value : undefined;
}
