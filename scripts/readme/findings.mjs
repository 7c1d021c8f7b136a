// What was reproduced, how surely, and what that took.
import { lab, tableMarkdown } from './lab.mjs';

export const papers = {
  he: 'He et al. 2021',
  houlsby: 'Houlsby et al. 2019',
  vlm: 'Lin et al. 2020',
  ai21: 'Levine et al. 2022',
};
export const words = ['confirmed', 'contradicted', 'unresolved', 'cannot-speak', 'not-run'];
const asked = ['seeds', 'control', 'gate', 'room', 'rates', 'flat', 'learnt', 'power', 'metrics agree'];

/**
 * How many findings of each paper have which verdict, and every finding that something is said of, with the
 * comparison that decides it, or why none does.
 */
export function verdicts() {
  const all = lab.verdicts(Object.keys(papers));
  const counts = tableMarkdown({
    columns: ['paper', ...words, 'findings'].map((title, c) => ({ title, align: c === 0 ? 'left' : 'right' })),
    rows: Object.entries(papers).map(([paper, name]) => {
      const own = all.filter((verdict) => verdict.paper === paper);
      return [
        name,
        ...words.map((word) => String(own.filter(({ verdict }) => verdict === word).length)),
        String(own.length),
      ];
    }),
  });
  const declared = all.filter(({ links, verdict }) => links.of > 0 || verdict !== 'not-run');
  if (declared.length === 0) return counts;
  return `${counts}\n\n${tableMarkdown({
    columns: [
      'row',
      'finding',
      'source',
      'verdict',
      'hold',
      'gap and interval of the deciding comparison',
      'preconditions that fail',
      'notebook',
    ].map((title) => ({ title, align: 'left' })),
    rows: declared.map((verdict) => [
      verdict.id,
      verdict.finding,
      verdict.source,
      verdict.verdict,
      verdict.links.of === 0 ? '' : `${verdict.links.held} of ${verdict.links.of}`,
      verdict.gap === null ? verdict.deciding || verdict.reason : withInterval(verdict.gap, verdict.ci),
      asked.filter((name) => verdict.preconditions.some((one) => one.name === name && !one.held)).join(', '),
      notebookLink(verdict.notebook),
    ]),
  })}`;
}

const withInterval = (gap, ends) => `${gap.toFixed(3)} [${ends.map((value) => value.toFixed(3)).join(', ')}]`;
const notebookLink = (path) => (path === null ? '' : `[${/\/(\w+)-/.exec(path)?.[1] ?? path}](${path})`);

/**
 * Runs made a second time: how far they fell from the record, and how many new seeds fell where the recorded ones
 * predict.
 */
export function repeats() {
  const all = lab.repeats('full');
  if (all.length === 0) return 'No run was made a second time yet: `npx petl repeat RUN`.';
  const again = all.filter(({ recorded }) => recorded !== null);
  const fresh = all.filter(({ interval }) => interval !== null);
  const furthest = Math.max(0, ...again.map(({ score, recorded }) => Math.abs(score - recorded)));
  return `Made a second time (\`npx petl repeat RUN\`, every one in \`results/repeats/\`): ${again.length} runs with their own seeds, of which ${again.filter(({ held }) => held).length} gave the
recorded score to 1e-4 (largest difference ${furthest === 0 ? '0' : furthest.toExponential(0)}), and ${fresh.length} with a new seed, of which ${fresh.filter(({ held }) => held).length} fell inside the 95% prediction interval of the recorded seeds.`;
}

/** What the committed results took. */
export const compute = () =>
  `${tableMarkdown(lab.spentTable(lab.spent()))}\n\nHours are summed over runs with all that belongs to them: data, training, scoring, decoding. A study works on two at a time, \`cost\` on one.`;

/** Beyond the paper: what of the whole design space is better than MAM of the same size. */
export function design() {
  const { screen, finals, mam, transfer, transferMam } = lab.designStages('full');
  const study = lab.studyNamed('design-space', 'full');
  const against = (ours) => (ours === undefined ? [] : lab.compareWith(study, ours.name));
  const [near, far] = [against(mam), against(transferMam)];
  if (near.length < finals.length || far.length < transfer.length || far.length === 0)
    return 'Beyond the paper: `npx petl study design-space --tier full` has not finished yet.';
  const better = (all, unit) =>
    all
      .filter(({ interval }) => interval.low > 0)
      .sort((a, b) => b.gap - a.gap)
      .map(({ first, gap, interval }) => `\`${first}\`, by ${withInterval(gap, [interval.low, interval.high])} ${unit}`)
      .join('; ') || 'none';
  return `Beyond the paper, ${screen.length} points of the whole design space were screened on sentiment, and the best of them, alone and in pairs, set beside MAM of the same size
([08b](notebooks/08b-the-design-space.ipynb)). Better than it, by a 95% interval of each comparison by itself: on sentiment, of ${near.length}, ${better(near, 'in accuracy')}; on English-Romanian, of the ${far.length} that went on,
${better(far, 'nats per token')}.`;
}
