import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { executeRun, type Tools } from '../experiments/runner/execute';
import { scoredOutcome, toyTools } from '../experiments/fixtures/tools';
import { published } from '../experiments/findings/published';
import { rowsOfStudy } from '../experiments/store/rows';
import { designSpace, designStages } from '../experiments/studies/design-space';
import { insertionForm } from '../experiments/studies/insertion-form';
import { closedBook, nothingForgotten } from '../experiments/studies/recursive';
import { plansOf, type Study } from '../experiments/studies/study';
import { cost } from '../experiments/studies/cost';
import { besidePublished } from '../plots/beside-published';
import { figureSvg } from '../plots/svg';
import { costTable } from './cost-table';
import { screenedOf, screenMap, screenTable } from './design-screen';
import { exportStudy } from './export-study';
import { offersOf, paretoFront, paretoTable, type Offer } from './pareto';
import { publishedGrid, resultTable } from './result-table';
import { linkTable, verdictsOf, verdictTable } from './verdict-table';

let results: string;
beforeEach(() => {
  results = mkdtempSync(join(tmpdir(), 'petl-views-'));
});
afterEach(() => rmSync(results, { recursive: true, force: true }));

const written = {
  examples: { count: 2, hash: 'd' },
  bleu: 12.5,
  chrf: 30,
  rouge1: 0.5,
  rouge2: 0.25,
  rougeL: 0.5,
  rougeLsum: 0.5,
  unfinished: 0,
  seconds: 1,
  texts: ['one', 'two'],
};
/** Made-up generation: the likelihood rises with the length of the method's name. */
const writing: Tools = {
  ...toyTools,
  train: async (job, report) => {
    const score = 2 + job.method.name.length / 100;
    const outcome = await toyTools.train(job, report);
    return { ...scoredOutcome(outcome, job.training.scored.test === 0 ? [] : [score, score]), metric: 'nll', written };
  },
};

async function runAll(study: Study, tools: Tools): Promise<void> {
  for (const plan of plansOf(study))
    await executeRun(plan, tools, { engine: 'compiled', report: () => undefined, results });
}

describe('a study beside what was published', () => {
  const study = insertionForm('quick');
  const xsum = published({ table: 'Table 12', task: 'XSum', metric: 'rouge2' });

  it('has a table that says what has not run', () => {
    const { columns, rows } = resultTable(study, results);
    expect(columns.map(({ title }) => title)).toEqual([
      'method',
      '% as the paper counts',
      'english-romanian nll',
      'BLEU',
      'synopsis nll',
      'R-2',
      'seeds',
    ]);
    expect(rows[1]).toEqual(['prefix tuning l=57', '3.6', 'not run yet', '', 'not run yet', '', '']);
  });

  it('counts what a variant trains: not what only scores, and a prompt that answers beside the one that reads', () => {
    const shares = (of: Study) => resultTable(of, results).rows.map(([label, share]) => [label, share]);
    expect(shares(nothingForgotten('quick'))).toEqual([
      ['as it is', ''],
      ['after prompts and connector, off', '0.63, before'],
      ['after full fine-tuning for another task', '100, before'],
    ]);
    const closed = new Map(shares(closedBook.study('quick')) as [string, string][]);
    expect(closed.get('one pass, prompt l=20')).toBe('0.073');
    expect(closed.get('two passes by text, 4 candidates')).toBe('0.15');
    expect(closed.get('two passes, pretrained connector')).toBe('0.63');
  });

  it('shows no scores of texts where answers are right or wrong, or nothing is written', () => {
    const titles = (of: Study) => resultTable(of, results).columns.map(({ title }) => title);
    expect(titles(closedBook.study('quick'))).toEqual([
      ...['method', '% as the paper counts', 'gloss-field exact-match', 'seeds'],
    ]);
    expect(titles(nothingForgotten('quick'))).toEqual([
      ...['method', '% as the paper counts', 'running-text nll', 'acts-to-text nll', 'seeds'],
    ]);
  });

  it('has a table of likelihoods with text scores beside them', async () => {
    await runAll(study, writing);
    expect(resultTable(study, results).rows[1]).toEqual([
      'prefix tuning l=57',
      '3.6',
      '2.190',
      '12.5',
      '2.190',
      '25.0',
      '1',
    ]);
  });

  it('is drawn in two panels, up being better in both', async () => {
    await runAll(study, writing);
    const rows = rowsOfStudy(study, results).filter(({ task }) => task === 'synopsis');
    const { layout, numbers, data } = besidePublished(rows, xsum, {
      name: 'x',
      title: 'x',
      printed: 'Table 12',
      connect: true,
    });
    const range = (axis: unknown): readonly number[] => (axis as { range: readonly number[] }).range;
    expect(range(layout.yaxis)[0]).toBeLessThan(range(layout.yaxis)[1]!);
    expect(range(layout.yaxis2)[0]).toBeGreaterThan(range(layout.yaxis2)[1]!);
    expect(numbers.filter(({ source }) => source === 'He et al. 2021, Table 12')).toHaveLength(xsum.length);
    expect(numbers.filter(({ source }) => source === 'this project')).toHaveLength(rows.length);
    const filled = data.filter(
      (trace) =>
        'marker' in trace && 'text' in trace && !String((trace.marker as { symbol?: string }).symbol).includes('-open'),
    );
    expect(filled.every((trace) => (trace as { yaxis?: string }).yaxis === 'y2')).toBe(true);
    // a prefix stands at the paper's count, not at that of the MLP behind it
    expect(filled.flatMap((trace) => (trace as { x: number[] }).x).every((share) => share < 10)).toBe(true);
  });

  it('is drawn before anything has run', async () => {
    const empty = besidePublished([], xsum, { name: 'x', title: 'x', printed: 'Table 12' });
    expect(empty.layout.annotations?.map(({ text }) => text)).toContain('not run yet');
    expect(await figureSvg(empty)).toContain('not run yet');
  });

  it('sets several columns of a published table side by side', () => {
    const grid = publishedGrid([...xsum, ...published({ table: 'Table 12', task: 'WMT16 en-ro', metric: 'bleu' })]);
    expect(grid.columns.map(({ title }) => title)).toEqual([
      'He et al. 2021, Table 12',
      'printed %',
      'XSum R-2',
      'WMT16 en-ro BLEU',
    ]);
    expect(grid.rows.find(([label]) => label === 'SA (attention) r=200')).toEqual([
      'SA (attention) r=200',
      '3.6%',
      '19.3',
      '35.3',
    ]);
  });
});

describe('verdicts as tables', () => {
  it('show a row for each finding and each comparison', () => {
    const found = verdictsOf('he', ['A7', 'A14']);
    expect(verdictTable(found).rows.map(([id]) => id)).toEqual(['A7', 'A14']);
    expect(linkTable(found).rows.map(([id, claim]) => [id, claim])).toEqual([
      ['A7', 'pa-ffn:r=112 > sa-ffn:r=112 on synopsis'],
      ['A7', 'pa-ffn:r=57 > sa-ffn:r=57 on english-romanian'],
      ['A14', 'prefix:l=8,mlp=200 > prefix:l=8,mlp=200,gate=none on english-romanian'],
    ]);
  });
});

describe('cost', () => {
  it('is divided by full fine-tuning', async () => {
    expect(costTable(cost('quick'), results).rows[0]).toEqual([
      'full fine-tuning',
      'not run yet',
      '',
      '',
      '',
      '',
      '',
      '',
    ]);
    await runAll(cost('quick'), writing);
    expect(costTable(cost('quick'), results).rows[8]).toEqual([
      'MAM l=8, r=146',
      '100',
      '1.00',
      '0.1',
      '1.00',
      '100',
      '1.00',
      '1',
    ]);
  });

  it('is exported as its own table, beside a figure that is called by what it draws', async () => {
    const folder = join(results, 'exported');
    const formats = ['csv', 'svg', 'md'] as const;
    await runAll(cost('quick'), writing);
    await exportStudy(cost('quick'), folder, { results, formats });
    const text = (file: string): string => readFileSync(join(folder, file), 'utf8');
    expect(text('cost-table.csv')).toContain('"step, ms",of full,"scoring, s",of full,peak MB');
    expect(text('cost.svg')).toContain('>Trained parameters and score after 48 steps<');
    expect(text('cost.svg')).not.toContain('What a method costs');
  });
});

describe('the front', () => {
  const offer = (label: string, score: number, trained: number, metric = 'accuracy'): Offer => ({
    label,
    metric,
    score,
    sd: 0,
    seeds: 1,
    trained,
    seconds: 1,
    peakMb: 1,
  });

  it('holds what nothing beats at once in score and price', () => {
    expect(
      paretoFront([offer('good', 0.9, 100), offer('cheap', 0.8, 10), offer('neither', 0.8, 100)]).map(
        ({ label }) => label,
      ),
    ).toEqual(['good', 'cheap']);
    expect(paretoFront([offer('low', 2, 100, 'nll'), offer('high', 3, 100, 'nll')]).map(({ label }) => label)).toEqual([
      'low',
    ]);
  });

  it('is marked in a table, best first', () => {
    expect(
      paretoTable([offer('worse', 0.7, 100), offer('good', 0.9, 100)]).rows.map(([front, label]) => [front, label]),
    ).toEqual([
      ['*', 'good'],
      ['', 'worse'],
    ]);
    expect(paretoTable(offersOf([])).rows).toEqual([]);
  });
});

describe('the design space', () => {
  it('opens one stage after the other, chosen on validation', async () => {
    const tools: Tools = {
      ...writing,
      train: async (job, report) => {
        // Validation prefers what is scaled by 4 and what stands at the heads or the FFN.
        const loss = 3 - (job.method.name.includes('s=4') ? 1 : 0) - (/heads|ffn/.test(job.method.name) ? 0.5 : 0);
        report({ kind: 'evaluation', step: 1, seconds: 1, split: 'validation', loss, score: 0.5 });
        return { ...(await writing.train(job, () => undefined)) };
      },
    };
    const sizes = (): readonly number[] => {
      const { screen, finals, transfer } = designStages('full', results);
      return [screen.length, finals.length, transfer.length];
    };
    expect(sizes()).toEqual([45, 0, 0]);
    await runAll(designSpace('full', results), tools);
    expect(sizes()).toEqual([45, 17, 0]);
    await runAll(designSpace('full', results), tools);
    expect(sizes()).toEqual([45, 17, 4]);
    const { screen, transfer } = designStages('full', results);
    for (const { point } of transfer) expect(point.label).toMatch(/^(attn\.heads|ffn), .*s=4/);
    const screened = screenedOf(screen, results);
    expect(screenTable(screened).rows[0]?.slice(0, 3)).toEqual(['1', 'attn.heads, linear, x, s=4', '1.5000']);
    const map = screenMap(screened, 'x');
    expect(map?.numbers).toHaveLength(40);
    expect([map?.layout.yaxis?.title?.text, map?.layout.xaxis?.title?.text]).toEqual([
      'site',
      'form, reading and scale',
    ]);
    expect(screenMap([], 'x')).toBeUndefined();
  });
});
