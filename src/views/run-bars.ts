import { seconds, duration } from '../clock';
import type { PlannedRun } from '../experiments/runner/execute';
import { unfinished } from '../experiments/runner/progress';
import type { Progress } from '../experiments/runner/run';
import { escapeXml } from '../plots/fonts';
import { newId, type Output } from '../plots/output';
import type { TrainingEvent } from '../training/job';

interface Lane {
  readonly plan: PlannedRun;
  last: TrainingEvent | undefined;
}

interface Bars {
  readonly lanes: Map<number, Lane>;
  readonly notes: string[];
  id: string;
  total: number;
  ended: number;
  failed: number;
  began: number;
  drawnAt: number;
}

/** A bar for the study and one for each run in hand, in one output of a cell, redrawn at most four times a second. */
export function runBars(output: Output): Progress {
  const bars: Bars = {
    lanes: new Map(),
    notes: [],
    id: newId(),
    total: 0,
    ended: 0,
    failed: 0,
    began: seconds(),
    drawnAt: -Infinity,
  };
  const draw = (): void => {
    bars.drawnAt = seconds();
    output.show({ 'text/html': html(bars), 'text/plain': summary(bars) }, bars.id);
  };
  return {
    plan: (total, reused) => {
      Object.assign(bars, { total, ended: 0, failed: 0, began: seconds(), id: newId() });
      bars.notes.splice(0, bars.notes.length, ...(reused > 0 ? [`${reused} finished on disk`] : []));
      draw();
    },
    note: (line) => {
      bars.notes.push(line);
      draw();
    },
    begin: (lane, plan) => {
      bars.lanes.set(lane, { plan, last: undefined });
      draw();
    },
    event: (lane, event) => {
      const row = bars.lanes.get(lane);
      if (row) row.last = event;
      if (seconds() - bars.drawnAt >= 0.25) draw();
    },
    end: (lane, plan, answer) => {
      bars.lanes.delete(lane);
      if (answer.kind === 'done' || answer.kind === 'failed') bars.ended += 1;
      if (answer.kind === 'failed') bars.failed += 1;
      if (answer.kind !== 'done')
        bars.notes.push(`${nameOf(plan)}: ${answer.kind === 'failed' ? answer.message : unfinished(answer)}`);
      draw();
    },
    close: () => {
      bars.lanes.clear();
      // No bar stands still in the page: what is over is said in words.
      output.show(
        { 'text/html': [summary(bars), ...bars.notes].map(line).join(''), 'text/plain': summary(bars) },
        bars.id,
      );
    },
  };
}

function nameOf({ label, spec }: PlannedRun): string {
  return `${label}, seed ${spec.seed}`;
}

/** `3 of 12 runs · 40 s · about 2 min 00 s left · 1 failed` */
function summary({ total, ended, failed, began, notes }: Bars): string {
  const time = seconds() - began;
  const left = ended > 0 && ended < total ? [`about ${duration((time / ended) * (total - ended))} left`] : [];
  const bad = failed > 0 ? [`${failed} failed`] : [];
  const found = total === 0 ? notes.slice(0, 1) : [`${ended} of ${total} runs`, duration(time)];
  return [...found, ...left, ...bad].join(' · ');
}

function html(bars: Bars): string {
  const lines = [...bars.lanes.values()].map(({ plan, last }) => laneLine(nameOf(plan), last));
  return [bar(bars.ended, bars.total, summary(bars)), ...lines, ...bars.notes.map(line)].join('');
}

function line(words: string): string {
  return `<div>${escapeXml(words)}</div>`;
}

function laneLine(name: string, last: TrainingEvent | undefined): string {
  if (last === undefined) return bar(0, 1, `${name}: loading`);
  if (last.kind === 'evaluation') return bar(1, 1, `${name}: validation loss ${last.loss.toFixed(3)}`);
  return bar(last.step, last.steps, `${name}: step ${last.step} of ${last.steps}, loss ${last.loss.toFixed(3)}`);
}

function bar(done: number, total: number, words: string): string {
  const style = 'width:180px;vertical-align:middle';
  return `<div><progress value="${done}" max="${Math.max(1, total)}" style="${style}"></progress>&ensp;${escapeXml(words)}</div>`;
}
