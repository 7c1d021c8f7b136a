// The nine quick runs of the first page.
import { at, lab, tableMarkdown } from './lab.mjs';

/** The quick runs of results/reference as the README shows them. */
function quickRuns() {
  const study = lab.existingMethods('quick');
  const records = lab.recordsOfRuns(lab.plansOf(study).map(({ spec }) => spec));
  if (records.length < lab.plansOf(study).length)
    throw new Error('results/reference/quick lacks some of the nine runs');
  const rows = lab.resultsOf(study);
  const seconds = wallSeconds(records);
  const { cpu, cores } = records[0].run.environment;
  const comparisons = lab.compareWith(study, 'head');
  return {
    rows,
    comparisons,
    seconds: Math.round(seconds),
    peakMb: Math.max(...rows.map(({ peakMb }) => peakMb)),
    cpu,
    cores,
    trained: records[0].run.spec.training.examples,
    scored: records[0].final.tests.count,
  };
}

/**
 * From the first start to the last end: runs go side by side. Where some were made another day, no more than their sum.
 */
function wallSeconds(records) {
  const starts = records.map(({ run }) => Date.parse(run.started) / 1000);
  const ends = records.map(({ final }, i) => starts[i] + final.seconds);
  return Math.min(
    Math.max(...ends) - Math.min(...starts),
    records.reduce((sum, { final }) => sum + final.seconds, 0),
  );
}

/** The first picture of the page. */
export async function drawStart() {
  const figure = lab.parameterScore(quickRuns().rows, {
    name: 'quick-start',
    title: 'Trained parameters and accuracy on movie-review sentiment',
  });
  await lab.exportFigure(figure, at('results', 'figures'), { formats: ['svg', 'png', 'csv'] });
}

export function start() {
  const { rows, comparisons, seconds, peakMb, cpu, cores, trained, scored } = quickRuns();
  const share = (value) => (value >= 99 ? value.toFixed(0) : String(Number(value.toPrecision(2))));
  const points = (value) => `${value >= 0 ? '+' : ''}${(100 * value).toFixed(1)}`;
  const gap = (label) => {
    const found = comparisons.find(({ first }) => first === label);
    return found ? `${points(found.gap)} [${points(found.interval.low)}, ${points(found.interval.high)}]` : '';
  };
  const columns = [
    ['method', 'left'],
    ['trained', 'right'],
    ['% of backbone', 'right'],
    ['accuracy %', 'right'],
    ['against head only, 95% interval', 'left'],
    ['seconds', 'right'],
  ];
  const table = tableMarkdown({
    columns: columns.map(([title, align]) => ({ title, align })),
    rows: rows.map((row) => [
      row.label,
      row.trained.toLocaleString('en'),
      share(row.share),
      (100 * row.score).toFixed(1),
      gap(row.label),
      row.seconds.toFixed(0),
    ]),
  });
  return `${table}

These nine runs took ${(seconds / 60).toFixed(1)} minutes on ${cores} cores (${cpu}) with at most ${(peakMb / 1024).toFixed(1)} GiB of memory a process: ${trained.toLocaleString('en')} training examples, one pass, one seed,
scored on ${scored.toLocaleString('en')} test examples. Set-up comes on top the first time.`;
}
