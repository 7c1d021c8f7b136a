import type { Progress } from '../experiments/run';
import { liveCurve, type Live } from './live';
import { notebook, type Output } from './output';

/** A progress whose last pictures are still being drawn when the runs have ended. */
export interface NotebookProgress extends Progress { readonly settled: () => Promise<void> }

/** Runs of a study as live curves, one for each lane: the `progress` of `runPlanned` in a notebook. Await `settled` after it. */
export function notebookProgress(output: Output | undefined = notebook()): NotebookProgress {
  const lanes = new Map<number, { readonly label: string; live: Live | undefined }>();
  const drawing: Promise<unknown>[] = [];
  const say = (line: string): void => { process.stdout.write(`${line}\n`); };
  return {
    plan: () => undefined,
    note: say,
    begin: (lane, { label, spec }) => { lanes.set(lane, { label: `${label}, seed ${spec.seed}`, live: undefined }); },
    event: (lane, event) => {
      const row = lanes.get(lane);
      if (!row) return;
      if (event.kind === 'evaluation') {
        row.live?.mark('validation loss', { step: event.step, value: event.loss });
        return;
      }
      row.live ??= liveCurve({ label: row.label, total: event.steps, output });
      row.live.step(event.step, event.loss);
    },
    end: (lane, plan, answer) => {
      const row = lanes.get(lane);
      lanes.delete(lane);
      if (answer.kind !== 'done') say(`${plan.label}: ${answer.kind === 'failed' ? answer.message : answer.reason}`);
      else if (row?.live) drawing.push(row.live.finish(answer.score === null ? '' : `${answer.metric} ${answer.score.toFixed(4)}`));
    },
    close: () => undefined,
    settled: async () => { await Promise.all(drawing); },
  };
}
