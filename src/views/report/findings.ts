import { findings, verdicts } from '../../experiments/findings/index';
import type { Paper, Verdict } from '../../experiments/findings/verdict';
import { escapeXml } from '../../plots/fonts';
import { linkTable, preconditionTable, verdictTable } from '../verdict-table';
import { tableBox } from './parts';

/** Every finding of the papers with its verdict, and what stands behind those that runs have something to say on. */
export function findingsPart(): string {
  const found = verdicts(Object.keys(findings) as Paper[]);
  const words = [...new Set(found.map(({ verdict }) => verdict))].map(
    (word) => `${found.filter(({ verdict }) => verdict === word).length} ${word}`,
  );
  return `<section id="verdicts" aria-labelledby="verdicts-title">
<h2 id="verdicts-title">Findings and verdicts</h2>
<p>${words.join(', ')}. A finding is confirmed or contradicted only where every precondition of its deciding comparison
holds; <em>cannot-speak</em> says that the setting is not able to decide it, and each finding below names why.
Again: <code>npx petl verdicts</code></p>
${tableBox(verdictTable(found), 'verdicts')}
<h3>What stands behind them</h3>
${found
  .filter(({ comparisons }) => comparisons.some(({ gap }) => gap !== null))
  .map(behind)
  .join('\n')}
</section>`;
}

function behind(one: Verdict): string {
  return `<details>
<summary>${one.id}, ${one.verdict}: ${escapeXml(one.finding)}</summary>
${tableBox(preconditionTable([one]), `${one.id}: preconditions`)}
${tableBox(linkTable([one]), `${one.id}: comparisons`)}
</details>`;
}
