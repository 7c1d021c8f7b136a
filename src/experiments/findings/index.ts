import { recordsOfRuns } from '../rows';
import { studies } from '../studies/index';
import { judge, type Evidence, type Finding, type Paper, type Verdict } from '../verdict';
import { he } from './he';
import { ai21, houlsby, vlm } from './others';

/** What each paper found, declared before the runs. */
export const findings: Readonly<Record<Paper, readonly Finding[]>> = { he, houlsby, vlm, ai21 };

/** Finished runs of the full tier: the only ones that verdicts rest on. */
export const fullTier: Evidence = (study, variant) => {
  const runs = studies[study]?.('full').variants.find(({ name }) => name === variant)?.runs;
  if (runs === undefined) throw new Error(`study ${study} has no variant ${variant}`);
  return recordsOfRuns(runs);
};

/** Verdicts on the findings of `papers`; each paper's are corrected together. */
export function verdicts(papers: readonly Paper[], evidence: Evidence = fullTier): readonly Verdict[] {
  return papers.flatMap((paper) => judge(findings[paper], evidence));
}
