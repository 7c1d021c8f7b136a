import type { Repeat } from '../experiments/runner/repeat';
import type { Table } from '../plots/table';

/** Runs made a second time, beside what was recorded or what the recorded seeds predict. */
export function repeatTable(repeats: readonly Repeat[]): Table {
  const titles = ['run', 'task', 'seed', 'score', 'recorded, or 95% prediction interval', 'holds'];
  return {
    columns: titles.map((title) => ({ title, align: title === 'seed' || title === 'score' ? 'right' : 'left' })),
    rows: repeats.map(({ label, spec, score, recorded, interval, held }) => [
      label,
      spec.task,
      String(spec.seed),
      score.toFixed(4),
      interval === null ? (recorded?.toFixed(4) ?? '') : `[${interval.low.toFixed(4)}, ${interval.high.toFixed(4)}]`,
      held ? 'yes' : 'no',
    ]),
  };
}
