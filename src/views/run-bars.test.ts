import { expect, it } from 'vitest';
import { runSpec } from '../experiments/store/spec';
import { runBars } from './run-bars';

it('shows a study under way in one output: what runs, what is left, what failed', () => {
  const shown: { html: string; plain: string; id: string }[] = [];
  const bars = runBars({
    show: (bundle, id) => shown.push({ html: String(bundle['text/html']), plain: String(bundle['text/plain']), id }),
  });
  const plan = { spec: runSpec({ study: 'toy', method: 'head' }), label: 'head <only>' };
  bars.plan([plan, plan], 3, () => 1);
  bars.begin(0, plan);
  expect(shown[shown.length - 1]?.html).toContain('head &lt;only&gt;, seed 1: loading');
  bars.event(0, { kind: 'step', step: 5, steps: 10, loss: 0.5, seconds: 1 });
  bars.end(0, plan, { kind: 'done', score: 1, metric: 'accuracy', seconds: 1, peakMb: 1 });
  expect(shown[shown.length - 1]?.plain).toMatch(/^1 of 2 runs · .* · about .* left$/);
  bars.begin(0, plan);
  bars.end(0, plan, { kind: 'failed', message: 'no memory', user: false });
  bars.begin(0, plan);
  bars.end(0, plan, { kind: 'stopped', at: { step: 5, steps: 10 } });
  expect(shown[shown.length - 1]?.html).toContain('<progress');
  bars.close();
  const last = shown[shown.length - 1];
  expect(last?.plain).toMatch(/^2 of 2 runs · .* · 1 failed$/);
  expect(last?.html).not.toContain('<progress');
  expect(last?.html).toMatch(/head &lt;only&gt;, seed 1 +step 5 of 10 is kept/);
  expect(last?.html).toContain('3 finished runs on disk, 2 to go');
  expect(last?.html).toMatch(/head &lt;only&gt;, seed 1 +failed: no memory/);
  expect(new Set(shown.map(({ id }) => id)).size).toBe(1);
});
