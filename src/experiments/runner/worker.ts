import { UserError } from '../../errors';
import type { TrainingEvent, TrainingJob } from '../../training/job';
import { executeRun, type PlannedRun, type Tools } from './execute';

/** What the parent asks of a worker, one run at a time. */
export interface Request {
  readonly plan: PlannedRun;
  readonly engine: TrainingJob['engine'];
  readonly results: string;
}

/** What a worker says about the run it was given. */
export type Message =
  { readonly kind: 'started' } | { readonly kind: 'event'; readonly event: TrainingEvent } | Note | Done | Failed;

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
  process.on('message', (request: Request) => {
    send({ kind: 'started' });
    void answer(request, tools, send).then(send);
  });
}

async function answer(
  { plan, engine, results }: Request,
  tools: () => Tools,
  send: (message: Message) => void,
): Promise<Done | Failed> {
  try {
    const report = (event: TrainingEvent): undefined => void send({ kind: 'event', event });
    const { final } = await executeRun(plan, tools(), {
      engine,
      results,
      report,
      say: (line) => send({ kind: 'note', line }),
    });
    return { kind: 'done', score: final.score, metric: final.metric, seconds: final.seconds, peakMb: final.peakMb };
  } catch (error) {
    return { kind: 'failed', message: messageOf(error), user: error instanceof UserError };
  }
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? 'unknown fault';
}
