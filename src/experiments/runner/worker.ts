import { UserError } from '../../errors';
import { placeModels } from '../../model/registry';
import type { TrainingEvent, TrainingJob } from '../../training/job';
import { codeFingerprint } from '../store/code';
import { executeRun, StoppedError, type PlannedRun, type Standing, type Tools } from './execute';

/** What the parent asks of a worker, one run at a time. */
export interface Request {
  readonly plan: PlannedRun;
  readonly engine: TrainingJob['engine'];
  readonly results: string;
  /** Where models of the user's lie on this machine, by what specs call them, where that is elsewhere. */
  readonly models?: Readonly<Record<string, string>>;
}

/** Asks a worker to leave the run in hand after its step, with its state kept, and to take no other. */
export interface Stop {
  readonly kind: 'stop';
}

/** What a worker says about the run it was given. */
export type Message =
  | { readonly kind: 'started'; readonly code: string }
  | { readonly kind: 'event'; readonly event: TrainingEvent }
  | Note
  | Done
  | Failed
  | Stopped;

/** A line about the run in hand. */
export interface Note {
  readonly kind: 'note';
  readonly line: string;
}

export interface Done {
  readonly kind: 'done';
  readonly score: number | null;
  readonly metric: string;
  readonly seconds: number;
  readonly peakMb: number | null;
}

/** The run was left where it stands, as asked. */
export interface Stopped {
  readonly kind: 'stopped';
  readonly at: Standing;
}

export interface Failed {
  readonly kind: 'failed';
  readonly message: string;
  /** The fault lies in the input. */
  readonly user: boolean;
}

/**
 * Serves runs until the parent goes away. A worker lives as long as its study, so runs alike share its compiled
 * programs.
 * It ignores the terminal's interrupt, which the parent answers; when the parent dies, so does it.
 */
export function serve(tools: () => Tools): void {
  const send = (message: Message): void => {
    if (process.connected) process.send?.(message);
  };
  process.on('SIGINT', () => undefined);
  process.on('disconnect', () => process.exit(0));
  let stopping = false;
  const tell = (message: Message): 'stop' | undefined => {
    send(message);
    return stopping ? 'stop' : undefined;
  };
  process.on('message', (request: Request | Stop) => {
    if ('kind' in request) {
      stopping = true;
      return;
    }
    send({ kind: 'started', code: codeFingerprint() });
    void answer(request, tools, tell).then(send);
  });
}

async function answer(
  { plan, engine, results, models = {} }: Request,
  tools: () => Tools,
  tell: (message: Message) => 'stop' | undefined,
): Promise<Done | Failed | Stopped> {
  try {
    placeModels(models);
    const report = (event: TrainingEvent): 'stop' | undefined => tell({ kind: 'event', event });
    const { final } = await executeRun(plan, tools(), {
      engine,
      results,
      report,
      say: (line) => void tell({ kind: 'note', line }),
    });
    return { kind: 'done', score: final.score, metric: final.metric, seconds: final.seconds, peakMb: final.peakMb };
  } catch (error) {
    if (error instanceof StoppedError) return { kind: 'stopped', at: error.at };
    return { kind: 'failed', message: messageOf(error), user: error instanceof UserError };
  }
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? 'unknown fault';
}
