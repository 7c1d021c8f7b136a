import { appendFileSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { CourseEvent, TrainingEvent, TrainingOutcome } from '../../training/job';
import type { EvalLine, FinalLine, RunLine, RunRecordLine, TrainLine } from './record';
import { sealed } from '../../seal';
import { printOfIds } from './spec';
import { explained, makeFolders, unfinished } from '../../files';
import { processes } from '../../processes';

/**
 * Writes one run. Lines are appended to `.tmp-<process>-<name>` beside the target, and the whole file is renamed
 * into place
 * by `finish`: whatever instant the process is killed at, a file under its own name is complete. What a killed process
 * left is
 * ignored by readers and by git, and removed by the next `openRun` in that folder.
 */
export interface RunWriter {
  readonly event: (event: TrainingEvent) => void;
  /** Appends the final line with a checksum of all and puts the file in place; of a run that diverged nothing is left. */
  readonly finish: (outcome: TrainingOutcome) => void;
  readonly discard: () => void;
}

/** Points kept of a training curve, about. */
const curvePoints = 100;

export function openRun(path: string, run: RunLine): RunWriter {
  const folder = dirname(path);
  const temporary = unfinished(path);
  const append = (line: RunRecordLine): void =>
    explaining(path, () => appendFileSync(temporary, `${JSON.stringify(line)}\n`));
  explaining(path, () => {
    makeFolders(folder);
    processes().removeLeftovers(folder);
    rmSync(temporary, { force: true });
  });
  const discard = (): void => rmSync(temporary, { force: true });
  try {
    append(run);
  } catch (error) {
    discard();
    throw error;
  }
  return {
    event: (event) => {
      if (isKept(event)) append(lineOf(event));
    },
    finish: (outcome) => {
      const final = finalLine(outcome, run.spec.training.scored.test === 0);
      if (typeof final === 'string') {
        discard();
        throw new Error(final);
      }
      explaining(path, () => {
        const text = sealed(`${readFileSync(temporary, 'utf8')}${JSON.stringify(final)}
`);
        writeFileSync(temporary, text, { flush: true });
        renameSync(temporary, path);
      });
    },
    discard,
  };
}

function explaining(path: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    throw explained(error, path);
  }
}

/** First, last and every n-th step, so that a curve has about a hundred points. */
function isKept(event: TrainingEvent): event is CourseEvent {
  if (event.kind === 'phase') return false;
  if (event.kind === 'evaluation') return true;
  return event.step === 1 || event.step === event.steps || event.step % Math.ceil(event.steps / curvePoints) === 0;
}

function lineOf(event: CourseEvent): TrainLine | EvalLine {
  const { step } = event;
  const [loss, seconds] = [digits(event.loss, 6), digits(event.seconds, 4)];
  if (event.kind === 'step') return { kind: 'train', step, steps: event.steps, loss, seconds };
  return { kind: 'eval', step, seconds, split: event.split, loss, score: digits(event.score, 6) };
}

/** The final line, or why there can be none. */
function finalLine(outcome: TrainingOutcome, unscored: boolean): FinalLine | string {
  const { metric, steps, kept, programs, labels, written, data, model } = outcome;
  const perExample = outcome.perExample.map((value) => digits(value, 6));
  if (!unscored && ![outcome.score, outcome.loss, ...perExample].every(Number.isFinite)) {
    return `the run diverged (test loss ${outcome.loss}): lower its learning rate`;
  }
  return {
    kind: 'final',
    score: unscored ? null : outcome.score,
    loss: unscored ? null : outcome.loss,
    metric,
    perExample,
    tokens: labels.some((count) => count !== 1) ? labels : [],
    ...(outcome.exact !== undefined && { exact: outcome.exact }),
    tests: printOfIds(outcome.testIds),
    oracle: outcome.oracle === null ? null : digits(outcome.oracle, 6),
    written: written && { ...written, seconds: digits(written.seconds, 4) },
    data,
    model,
    steps,
    kept,
    trainSeconds: digits(outcome.trainSeconds, 4),
    seconds: digits(outcome.totalSeconds, 4),
    peakMb: outcome.peakMb === null ? null : Math.round(outcome.peakMb),
    programs,
  };
}

function digits(value: number, count: number): number {
  return Number(value.toPrecision(count));
}
