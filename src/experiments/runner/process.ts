import { fork, type ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../project';
import type { TrainingEvent } from '../../training/job';
import type { Done, Failed, Message, Request, Stop, Stopped } from './worker';

/** The worker went away in the middle of a run. */
export interface Died {
  readonly kind: 'died';
  readonly reason: string;
  /** It had taken the run: not a worker that cannot even start. */
  readonly started: boolean;
}

export type Answer = Done | Failed | Stopped | Died;

/** A worker process that executes one run at a time. */
export interface WorkerProcess {
  readonly run: (
    request: Request,
    onEvent: (event: TrainingEvent) => void,
    onNote: (line: string) => void,
  ) => Promise<Answer>;
  /** Has the run in hand left after its step, with its state kept. */
  readonly interrupt: () => void;
  readonly stop: () => void;
}

export type Launch = (threads: number) => WorkerProcess;

/** A fork of `petl worker` that computes with so many threads. */
export const launchWorker: Launch = (threads) =>
  forkWorker(join(projectRoot(), 'bin', 'petl.cjs'), ['worker'], {
    TF_NUM_INTRAOP_THREADS: String(threads),
    ...process.env,
  });

/**
 * The share of the cores of each of `workers`: two steps on one core each end sooner than two steps one after the other
 * on both, which
 * wait for one another in every small op.
 */
export function threadsOf(workers: number): number {
  return Math.max(1, Math.floor(availableParallelism() / workers));
}

/** A fork of `script`, which must call `serve`. */
export function forkWorker(
  script: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): WorkerProcess {
  const child = fork(script, args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], env });
  const said = lastLines(child);
  return {
    run: (request, onEvent, onNote) =>
      new Promise((resolve) => {
        let started = false;
        const settle = (answer: Answer): void => {
          child.removeAllListeners();
          resolve(answer);
        };
        child.on('message', (message: Message) => {
          if (message.kind === 'started') started = true;
          else if (message.kind === 'event') onEvent(message.event);
          else if (message.kind === 'note') onNote(message.line);
          else settle(message);
        });
        child.once('error', (error) => settle({ kind: 'died', reason: error.message, started }));
        child.once('close', (code, signal) => settle({ kind: 'died', reason: causeOf(code, signal, said()), started }));
        child.send(request, (error) => {
          if (error) settle({ kind: 'died', reason: causeOf(child.exitCode, child.signalCode, said()), started });
        });
      }),
    interrupt: () => {
      const message: Stop = { kind: 'stop' };
      if (child.connected) child.send(message, () => undefined); // of a child that has gone there is nothing to ask
    },
    stop: () => {
      child.removeAllListeners();
      child.on('error', () => undefined);
      child.kill('SIGKILL');
    },
  };
}

function causeOf(code: number | null, signal: NodeJS.Signals | null, said: string): string {
  const cause = signal === null ? `exit code ${code ?? 'unknown'}` : `signal ${signal}`;
  return `the worker process ended with ${cause}${said === '' ? '' : `: ${said}`}`;
}

/** Why the child ended, from its standard error: a line that speaks of a fault, native libraries' notes left out. */
function lastLines(child: ChildProcess): () => string {
  let tail = '';
  child.stderr?.setEncoding('utf8');
  child.stderr?.on('data', (text: string) => {
    tail = (tail + text).slice(-8000);
  });
  return () =>
    tail
      .trim()
      .split('\n')
      .filter((line) => /error|fail|abort|terminat|memory|^petl:/i.test(line) && !/^[IW]\d{4} /.test(line))
      .pop()
      ?.trim() ?? '';
}
