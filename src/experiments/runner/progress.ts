import { duration, seconds } from '../../clock';
import { standardError, type Screen } from '../../screen';
import type { TrainingEvent } from '../../training/job';
import type { PlannedRun, Standing } from './execute';
import type { Answer } from './process';
import type { Progress } from './run';
import type { Done } from './worker';

interface Lane {
  readonly plan: PlannedRun;
  readonly began: number;
  last: TrainingEvent | undefined;
}

interface Table {
  readonly screen: Screen;
  readonly lanes: Map<number, Lane>;
  total: number;
  ended: number;
  began: number;
  /** Lines of the table that stand on the screen. */
  drawn: number;
  drawnAt: number;
}

/**
 * A line for each finished run; in a terminal also a table of the runs in hand, redrawn in place, with the time left.
 */
export function progressTable(screen: Screen = standardError()): Progress {
  const table: Table = { screen, lanes: new Map(), total: 0, ended: 0, began: seconds(), drawn: 0, drawnAt: 0 };
  return {
    plan: (total, reused) => {
      Object.assign(table, { total, ended: 0, began: seconds() });
      if (reused > 0)
        say(
          table,
          `${reused} finished ${reused === 1 ? 'run' : 'runs'} on disk${total === 0 ? '' : `, ${total} to go`}`,
        );
    },
    note: (line) => say(table, line),
    begin: (lane, plan) => {
      table.lanes.set(lane, { plan, began: seconds(), last: undefined });
      draw(table);
    },
    event: (lane, event) => {
      const row = table.lanes.get(lane);
      if (row) row.last = event;
      if (seconds() - table.drawnAt > 0.1) draw(table);
    },
    end: (lane, plan, answer) => {
      table.lanes.delete(lane);
      if (answer.kind === 'done' || answer.kind === 'failed') table.ended += 1;
      say(table, ended(table, plan, answer));
    },
    close: () => erase(table),
  };
}

function say(table: Table, line: string): void {
  erase(table);
  table.screen.write(`${line}\n`);
  draw(table);
}

function ended(table: Table, plan: PlannedRun, answer: Answer): string {
  const place = `[${String(table.ended).padStart(String(table.total).length)}/${table.total}]`;
  if (answer.kind === 'done') {
    const score = answer.score === null ? '' : `${answer.metric} ${answer.score.toFixed(4)}  `;
    return `${place} ${nameOf(plan).padEnd(36)} ${score}${duration(answer.seconds)}  ${left(table)}`.trimEnd();
  }
  return `${place} ${nameOf(plan).padEnd(36)} ${unfinished(answer)}`;
}

/** Why a run has not finished. */
export function unfinished(answer: Exclude<Answer, Done>): string {
  switch (answer.kind) {
    case 'failed':
      return `failed: ${answer.message}`;
    case 'stopped':
      return `${standing(answer.at)} is kept`;
    case 'died':
      return answer.reason;
  }
}

/** `step 120 of 300` */
export function standing({ step, steps }: Standing): string {
  return `step ${step} of ${steps}`;
}

function nameOf({ spec, label }: PlannedRun): string {
  return `${label}, seed ${spec.seed}`;
}

/** `about 2 min left`, from the mean time of the runs so far. */
function left({ total, ended: done, began }: Table): string {
  if (done === 0 || done >= total) return '';
  return `about ${duration(((seconds() - began) / done) * (total - done))} left`;
}

function draw(table: Table): void {
  const { screen, lanes } = table;
  if (screen.columns === 0 || lanes.size === 0) return;
  erase(table);
  const lines = [...lanes.values()].map((lane) => laneLine(lane, screen.columns));
  const summary =
    `${table.ended} of ${table.total} runs, ${duration(seconds() - table.began)}  ${left(table)}`.trimEnd();
  screen.write(`${[...lines, summary].map((line) => line.slice(0, screen.columns - 1)).join('\n')}\n`);
  Object.assign(table, { drawn: lines.length + 1, drawnAt: seconds() });
}

/** Moves up over the table and clears to the end of the screen. */
function erase(table: Table): void {
  if (table.drawn > 0) table.screen.write(`\u001b[${table.drawn}A\u001b[J`);
  table.drawn = 0;
}

function laneLine({ plan, began, last }: Lane, columns: number): string {
  const time = duration(seconds() - began);
  if (last === undefined) return `  ${nameOf(plan).padEnd(34)} loading  ${time}`;
  if (last.kind === 'evaluation')
    return `  ${nameOf(plan).padEnd(34)} validation loss ${last.loss.toFixed(3)}, score ${last.score.toFixed(3)}  ${time}`;
  const width = columns > 100 ? 24 : 10;
  const full = Math.round((width * last.step) / last.steps);
  const bar = '━'.repeat(full) + '─'.repeat(width - full);
  return `  ${nameOf(plan).padEnd(34)} ${bar} ${last.step}/${last.steps}  loss ${last.loss.toFixed(3)}  ${time}`;
}
