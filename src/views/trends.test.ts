import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { scoredOutcome, toyTools } from '../experiments/fixtures/tools';
import { executeRun, type Tools } from '../experiments/runner/execute';
import { runId } from '../experiments/store/spec';
import { plansOf, type Study, type TrendPoint } from '../experiments/studies/study';
import { trends } from '../experiments/studies/trends';
import { figureSvg } from '../plots/svg';
import { exportStudy, shownOf } from './export-study';
import { trendGaps, trendsFigure } from './trends';

let results: string;
beforeEach(() => {
  results = mkdtempSync(join(tmpdir(), 'petl-trends-'));
});
afterEach(() => rmSync(results, { recursive: true, force: true }));

/** Nats of two examples: full fine-tuning 3 of both, all else 0.2 and 0.4 worse, and 0.1 by seed. */
const writing: Tools = {
  ...toyTools,
  train: async (job, report) => {
    const isFull = job.method.unfrozen.some(({ kind }) => kind === 'all');
    const scores = isFull ? [3, 3] : [3.2 + 0.1 * job.seed, 3.4 + 0.1 * job.seed];
    return { ...scoredOutcome(await toyTools.train(job, report), scores), metric: 'nll' };
  },
};

async function run(study: Study, isRun: (label: string) => boolean = () => true): Promise<void> {
  for (const plan of plansOf(study).filter(({ label }) => isRun(label)))
    await executeRun(plan, writing, { engine: 'compiled', report: () => undefined, results });
}

describe('trends', () => {
  const study = trends('full');
  const own = new Set(plansOf(study).map(({ spec }) => runId(spec)));
  const isOwn = ({ methods }: TrendPoint): boolean =>
    methods.every(({ runs }) => runs.every((spec) => own.has(runId(spec))));

  it('are gaps to full fine-tuning at the same place over the seeds that both have, below 0 where it is better', async () => {
    await run(study);
    const { gaps } = trendGaps(study, results);
    expect(gaps).toHaveLength((study.trends ?? []).filter(isOwn).length * 4);
    for (const { gap, low = NaN, high = NaN, seeds, zero } of gaps) {
      expect([gap, seeds, zero]).toEqual([expect.closeTo(-0.5, 6), 3, 3]);
      // Student's half-widths by hand: 4.3027 x 0.1/sqrt(3) over seeds, 12.7062 x 0.1 over two examples.
      expect(high - gap).toBeCloseTo(Math.hypot((4.3027 * 0.1) / Math.sqrt(3), 12.7062 * 0.1), 3);
      expect(gap - low).toBeCloseTo(high - gap, 6);
    }
  });

  it('have no interval of one seed', async () => {
    const quick = trends('quick');
    await run(quick);
    const { gaps } = trendGaps(quick, results);
    expect(gaps[0]).toMatchObject({ gap: expect.closeTo(-0.4, 6) as number, seeds: 1 });
    expect(gaps.every((gap) => !('low' in gap))).toBe(true);
    expect(await figureSvg(trendsFigure(quick, { results }))).toContain('1 seed, no intervals');
  });

  it('are named below the figure and not drawn where there are no runs', async () => {
    await run(study, (label) => !/1\/2/.test(label) && !/^MAM.*1\/4 of the examples/.test(label));
    const { gaps, missing } = trendGaps(study, results);
    expect(gaps.filter(({ place }) => place === '1/2')).toEqual([]);
    expect(missing).toContain(
      'not run (npx petl study trends --tier full): steps (one pass): 1/2; examples (equal steps): 1/4, MAM',
    );
    expect(missing.join()).toContain('(npx petl study summarisation --tier full): base: SmolLM2-135M');
    const { layout, data, numbers } = trendsFigure(study, { results });
    expect(layout.xaxis).toMatchObject({ title: { text: 'steps (one pass)' }, ticktext: ['1/4', '1'] });
    expect(JSON.stringify(layout.annotations)).toContain('steps (one pass): 1/2');
    expect(data.filter(({ name }) => name === 'MAM').map((line) => (line as { y: unknown[] }).y.length)).toEqual([
      2, 1, 2, 1,
    ]);
    expect(numbers).toHaveLength(gaps.length);
  });

  it('have nothing without full fine-tuning at their place', async () => {
    await run(study, (label) => label !== 'full fine-tuning, 1/2 of the steps');
    expect(trendGaps(study, results).gaps.some(({ place }) => place === '1/2')).toBe(false);
  });

  it('say that nothing is run, and draw it all the same', async () => {
    expect(trendGaps(study, results).gaps).toEqual([]);
    expect((await figureSvg(trendsFigure(study, { results }))).match(/>not run yet</g)).toHaveLength(3);
  });

  it('share a scale of steps and data, and are the figure of the study, one panel below the other on paper', async () => {
    await run(study);
    const { layout } = trendsFigure(study, { results, width: '84mm' });
    expect(layout.yaxis?.range).toEqual(layout.yaxis2?.range);
    const tops = [layout.yaxis, layout.yaxis2, layout.yaxis3].map((of) => of?.domain?.[1] ?? NaN);
    expect(tops).toEqual([...tops].sort((a, b) => b - a));
    expect(shownOf(study).figure).toBeDefined();
    const paths = await exportStudy(study, join(results, 'out'), { formats: ['csv'], results });
    expect(paths.map((path) => path.split('/').pop())).toEqual(['trends.csv', 'trends-table.csv']);
  });
});
