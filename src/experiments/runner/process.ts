import { fork, type ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { heldBy } from '../../peak';
import { projectRoot } from '../../project';
import type { TrainingEvent } from '../../training/job';
import type { Done, Failed, Message, Request, Stop, Stopped } from './worker';

/** The worker went away in the middle of a run. */
export interface Died {
  readonly kind: 'died';
  readonly reason: string;
  /** It had taken the run: not a worker that cannot even start. */
  readonly started: boolean;
  /** Another worker would fare no better. */
  readonly hopeless?: true;
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

/** @param limitMb memory above which the worker is ended */
export type Launch = (threads: number, limitMb?: number) => WorkerProcess;

/**
 * What has TensorFlow compute with so many threads: of one op, and of ops side by side, for which it would take every core
 * (a worker of one thread then takes 1.3 cores, and leaves less than a core to the next).
 */
export const threadsAsked = (threads: number): NodeJS.ProcessEnv => ({
  TF_NUM_INTRAOP_THREADS: String(threads),
  TF_NUM_INTEROP_THREADS: String(threads),
});

/** A fork of `petl worker` that computes with so many threads. */
export const launchWorker: Launch = (threads, limitMb) =>
  forkWorker(join(projectRoot(), 'bin', 'petl.cjs'), ['worker'], {
    env: { ...threadsAsked(threads), ...process.env },
    ...(limitMb !== undefined && { limitMb }),
  });

/**
 * The share of the cores of each of `workers`: two steps on one core each end sooner than two steps one after the other
 * on both, whose shards wait for one another and for JavaScript.
 */
export function threadsOf(workers: number): number {
  return Math.max(1, Math.floor(availableParallelism() / workers));
}

/** A fork of `script`, which must call `serve`. */
export function forkWorker(
  script: string,
  args: readonly string[],
  { env = process.env, limitMb }: { readonly env?: NodeJS.ProcessEnv; readonly limitMb?: number } = {},
): WorkerProcess {
  const child = fork(script, args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], env });
  const said = lastLines(child);
  let runs = 0;
  return {
    run: (request, onEvent, onNote) =>
      new Promise((resolve) => {
        let started = false;
        runs += 1;
        const settle = (answer: Answer): void => {
          unwatch();
          child.removeAllListeners();
          resolve(answer);
        };
        const unwatch = watchMemory(child, limitMb, (megabytes, limit) => {
          settle({ ...tooLarge(megabytes, limit), ...(runs === 1 && { hopeless: true }) });
          child.on('error', () => undefined);
          child.kill('SIGKILL');
        });
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

/** What earlier runs of a process left may be what was too much: alone in a new one a run may fit. */
function tooLarge(megabytes: number, limit: number): Died {
  const gib = (mb: number): string => `${(mb / 1024).toFixed(2)} GiB`;
  return {
    kind: 'died',
    reason: `its worker took ${gib(megabytes)} of memory, more than the limit of ${gib(limit)}`,
    started: true,
  };
}

/** Looks at what a process holds, five times a second; the function ends that. Where the system does not tell, never. */
function watchMemory(
  { pid }: ChildProcess,
  limit: number | undefined,
  exceeded: (megabytes: number, limit: number) => void,
): () => void {
  if (limit === undefined || pid === undefined) return () => undefined;
  const timer = setInterval(() => {
    const held = heldBy(pid);
    if (held !== undefined && held > limit) exceeded(held, limit);
  }, 200);
  return () => clearInterval(timer);
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
