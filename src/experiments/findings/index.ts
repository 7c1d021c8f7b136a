import { readGate } from './gate-record';
import type { Evidence } from '../statistics/link';
import type { RunRecord } from '../store/record';
import { recordsOfRuns } from '../store/rows';
import { studies } from '../studies/index';
import type { Study } from '../studies/study';
import { readTuning } from '../tuning/tuned';
import { tunables } from '../studies/tunables';
import { judge, type Finding, type Paper, type Verdict } from './verdict';
import { he } from './he/index';
import { ai21 } from './ai21';
import { houlsby } from './houlsby';
import { vlm } from './vlm';
import { measuredColumns } from './measured';

/** What each paper found, declared before the runs. */
export const findings: Readonly<Record<Paper, readonly Finding[]>> = { he, houlsby, vlm, ai21 };

/** Finished runs of the full tier: the only ones that verdicts rest on. Files are read once. */
function fullTier(): Evidence {
  const made = new Map<string, Study>();
  const read = new Map<string, readonly RunRecord[]>();
  return (name, variant, task) => {
    const study = made.get(name) ?? studies[name]?.('full');
    if (study === undefined) throw new Error(`no study ${name}`);
    made.set(name, study);
    const runs = study.variants.find((candidate) => candidate.name === variant)?.runs;
    if (runs === undefined) throw new Error(`study ${name} has no variant ${variant}`);
    const specs = runs.filter((spec) => spec.task === task);
    const key = JSON.stringify(specs);
    const records = read.get(key) ?? recordsOfRuns(specs);
    read.set(key, records);
    return records;
  };
}

/** Verdicts on the findings of `papers`; the comparisons of each paper are corrected together. */
export function verdicts(papers: readonly Paper[], evidence: Evidence = fullTier()): readonly Verdict[] {
  const tuning = Object.keys(tunables).flatMap((name) => readTuning(name) ?? []);
  const known = { gate: readGate(), tuning, columns: measuredColumns() };
  return papers.flatMap((paper) => judge(findings[paper], evidence, known));
}
