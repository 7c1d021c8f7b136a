import { duration } from '../../clock';
import { standardError, type Screen } from '../../screen';
import { board, summaryOf, type Running, type Snapshot } from './board';
import type { Progress } from './report';

/** A line for each run that ends; in a terminal also the table of the study, redrawn in place. */
export function progressTable(screen: Screen = standardError()): Progress {
  const table = redrawn(screen);
  return board({
    pause: 0.1,
    show: (snapshot) => (snapshot.over ? table.erase() : table.draw(snapshot)),
    say: ({ line }, snapshot) => {
      table.erase();
      screen.write(`${line}\n`);
      table.draw(snapshot);
    },
  });
}

interface Redrawn {
  readonly draw: (snapshot: Snapshot) => void;
  readonly erase: () => void;
}

/** A table that is redrawn in place; nothing where the screen is no terminal. */
export function redrawn(screen: Screen): Redrawn {
  let lines = 0;
  const erase = (): void => {
    if (lines > 0) screen.write(`\u001b[${lines}A\u001b[J`); // up over the table, then to the end of the screen
    lines = 0;
  };
  return {
    erase,
    draw: (snapshot) => {
      if (screen.columns === 0 || snapshot.running.length === 0) return;
      erase();
      const drawn = boardLines(snapshot, screen.columns);
      screen.write(`${drawn.join('\n')}\n`);
      lines = drawn.length;
    },
  };
}

/** What runs, what failed and why, and where the study stands, in lines of at most `columns`. */
export function boardLines(snapshot: Snapshot, columns: number): readonly string[] {
  const { running, failed } = snapshot;
  return [
    ...running.map((run) => runningLine(run, columns)),
    ...failed.slice(-3).map(({ name, reason }) => `  ${name.padEnd(34)} failed: ${reason}`),
    summaryOf(snapshot),
  ].map((line) => line.slice(0, columns - 1));
}

function runningLine({ name, seconds, at, note }: Running, columns: number): string {
  const time = duration(seconds);
  if (at === null) return `  ${name.padEnd(34)} ${note}  ${time}`;
  const { step, steps, loss, left } = at;
  const width = columns > 100 ? 24 : 10;
  const full = Math.round((width * step) / steps);
  const bar = '━'.repeat(full) + '─'.repeat(width - full);
  const rest = note === '' ? `${time}, about ${duration(left)} left` : note;
  return `  ${name.padEnd(34)} ${bar} ${step}/${steps}  loss ${loss.toFixed(3)}  ${rest}`;
}
