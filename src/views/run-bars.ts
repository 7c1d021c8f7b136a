import { board, summaryOf, type Running, type Snapshot } from '../experiments/runner/board';
import type { Progress } from '../experiments/runner/report';
import { duration } from '../clock';
import { escapeXml } from '../plots/fonts';
import { newId, type Output } from '../plots/output';

/** A bar for the study and one for each run in hand, in one output of a cell, redrawn at most four times a second. */
export function runBars(output: Output): Progress {
  const notes: string[] = [];
  let id = newId();
  const draw = (snapshot: Snapshot): void => {
    const words = summaryOf(snapshot);
    // No bar stands still in the page: what is over is said in words.
    const html = snapshot.over ? [words, ...notes].map(line).join('') : barsOf(snapshot, notes);
    output.show({ 'text/html': html, 'text/plain': words }, id);
  };
  const progress = board({
    pause: 0.25,
    show: draw,
    say: ({ kind, line: words }, snapshot) => {
      if (kind !== 'done') notes.push(words); // what ended well is in the bar's count
      draw(snapshot);
    },
  });
  let over = false;
  return {
    ...progress,
    plan: (...told) => {
      if (over) {
        notes.length = 0;
        id = newId();
      }
      over = false;
      progress.plan(...told);
    },
    close: () => {
      over = true;
      progress.close();
    },
  };
}

function barsOf(snapshot: Snapshot, notes: readonly string[]): string {
  const { ended, total, running } = snapshot;
  return [bar(ended, total, summaryOf(snapshot)), ...running.map(runningBar), ...notes.map(line)].join('');
}

function line(words: string): string {
  return `<div>${escapeXml(words)}</div>`;
}

function runningBar({ name, at, note }: Running): string {
  if (at === null) return bar(0, 1, `${name}: ${note}`);
  const { step, steps, loss, left } = at;
  const rest = note === '' ? `about ${duration(left)} left` : note;
  return bar(step, steps, `${name}: step ${step} of ${steps}, loss ${loss.toFixed(3)}, ${rest}`);
}

function bar(done: number, total: number, words: string): string {
  const style = 'width:180px;vertical-align:middle';
  return `<div><progress value="${done}" max="${Math.max(1, total)}" style="${style}"></progress>&ensp;${escapeXml(words)}</div>`;
}
