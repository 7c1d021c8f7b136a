import { duration, seconds } from '../../clock';
import type { CourseEvent, PhaseEvent, TrainingEvent } from '../../training/job';
import type { PlannedRun, Standing } from './execute';
import type { Answer } from './process';
import type { Progress } from './report';
import type { Done } from './worker';

/** A run in hand, as it stands. */
export interface Running {
  readonly name: string;
  /** Since it was begun. */
  readonly seconds: number;
  /** Null until it has taken a step. */
  readonly at: (Standing & { readonly loss: number; readonly left: number }) | null;
  /** What it does beside its steps: `loading`, or its last validation. */
  readonly note: string;
}

/** A study under way, at one instant: all that any table of it shows. */
export interface Snapshot {
  readonly total: number;
  /** Runs that were on disk. */
  readonly reused: number;
  /** Runs that ended, well or not. */
  readonly ended: number;
  /** Since the study began. */
  readonly seconds: number;
  /** Seconds that the rest will take; null while nothing tells. */
  readonly left: number | null;
  readonly running: readonly Running[];
  readonly failed: readonly { readonly name: string; readonly reason: string }[];
  readonly over: boolean;
}

/** Where a study under way is shown. */
export interface Sink {
  /** Seconds between two pictures. */
  readonly pause: number;
  readonly show: (snapshot: Snapshot) => void;
  /** A line that stays. */
  readonly say: (said: Said, snapshot: Snapshot) => void;
}

/** What is told once: a run that ended well, one that did not, anything else that is to be known. */
export interface Said {
  readonly kind: 'done' | 'undone' | 'note';
  readonly line: string;
}

interface Lane {
  readonly plan: PlannedRun;
  readonly began: number;
  step: Extract<CourseEvent, { readonly kind: 'step' }> | undefined;
  validated: Extract<CourseEvent, { readonly kind: 'evaluation' }> | undefined;
  /** What it does beside its steps, and since when. */
  phase: (PhaseEvent & { readonly began: number }) | undefined;
}

interface State {
  readonly lanes: Map<number, Lane>;
  readonly failed: { readonly name: string; readonly reason: string }[];
  total: number;
  reused: number;
  ended: number;
  /** Of what has ended, in the unit of `cost`. */
  spent: number;
  all: number;
  cost: (plan: PlannedRun) => number;
  began: number;
  over: boolean;
}

/** Follows a study and shows it. */
export function board(sink: Sink): Progress {
  const fresh = { total: 0, reused: 0, ended: 0, spent: 0, all: 0, over: false };
  const state: State = { ...fresh, lanes: new Map(), failed: [], cost: () => 1, began: seconds() };
  let shown = -Infinity;
  const snap = (): Snapshot => snapshotOf(state);
  const show = (): void => {
    shown = seconds();
    sink.show(snap());
  };
  return {
    plan: (plans, reused, cost) => {
      const all = plans.reduce((sum, plan) => sum + cost(plan), 0);
      Object.assign(state, { ...fresh, total: plans.length, reused, cost, all, began: seconds() });
      state.failed.length = 0;
      if (reused > 0) sink.say({ kind: 'note', line: foundLine(plans.length, reused) }, snap());
      show();
    },
    note: (line) => sink.say({ kind: 'note', line }, snap()),
    begin: (lane, plan) => {
      state.lanes.set(lane, { plan, began: seconds(), step: undefined, validated: undefined, phase: undefined });
      show();
    },
    event: (lane, event) => {
      const row = state.lanes.get(lane);
      if (row !== undefined) Object.assign(row, after(row, event));
      if (seconds() - shown >= sink.pause) show();
    },
    end: (lane, plan, answer) => {
      state.lanes.delete(lane);
      const isOver = answer.kind === 'done' || answer.kind === 'failed';
      if (isOver) Object.assign(state, { ended: state.ended + 1, spent: state.spent + state.cost(plan) });
      if (answer.kind === 'failed') state.failed.push({ name: nameOf(plan), reason: answer.message });
      const now = snap();
      sink.say({ kind: answer.kind === 'done' ? 'done' : 'undone', line: endedLine(plan, answer, now) }, now);
    },
    close: () => {
      state.lanes.clear();
      state.over = true;
      show();
    },
  };
}

function snapshotOf(state: State): Snapshot {
  const { cost, total, reused, ended: done, began, lanes, failed, over } = state;
  const time = seconds() - began;
  const partly = [...lanes.values()].reduce((sum, { plan, step }) => sum + cost(plan) * shareOf(step), 0);
  const spent = state.spent + partly;
  return {
    ...{ total, reused, ended: done, failed: [...failed], over, seconds: time },
    left: spent > 0 && done < total ? (time * (state.all - spent)) / spent : null,
    running: [...lanes.values()].map(runningOf),
  };
}

function shareOf(step: Lane['step']): number {
  return step === undefined ? 0 : step.step / step.steps;
}

/** What an event changes in what is known of a run. */
function after({ phase }: Lane, event: TrainingEvent): Partial<Lane> {
  switch (event.kind) {
    case 'step':
      return { step: event, validated: undefined, phase: undefined };
    case 'evaluation':
      return { validated: event, phase: undefined };
    case 'phase': {
      const goesOn = phase !== undefined && phase.doing === event.doing && phase.done < event.done;
      return { phase: { ...event, began: goesOn ? phase.began : seconds() } };
    }
  }
}

/** `writing 128 of 1400`, and how long the rest takes once that can be told. */
function phaseNote({ doing, done, of, began }: NonNullable<Lane['phase']>): string {
  const time = seconds() - began;
  const left = time > 0 && done < of ? `, about ${duration((time * (of - done)) / done)} left` : '';
  return `${doing} ${done} of ${of}${left}`;
}

function runningOf({ plan, began, step, validated, phase }: Lane): Running {
  const time = seconds() - began;
  const left = step === undefined ? 0 : (time * (step.steps - step.step)) / step.step;
  return {
    name: nameOf(plan),
    seconds: time,
    at: step === undefined ? null : { step: step.step, steps: step.steps, loss: step.loss, left },
    note: phase === undefined ? noteOf(step, validated) : phaseNote(phase),
  };
}

function noteOf(step: Lane['step'], validated: Lane['validated']): string {
  if (validated !== undefined)
    return `validation loss ${validated.loss.toFixed(3)}, score ${validated.score.toFixed(3)}`;
  return step === undefined ? 'loading' : '';
}

function foundLine(left: number, reused: number): string {
  return `${reused} finished ${reused === 1 ? 'run' : 'runs'} on disk${left === 0 ? '' : `, ${left} to go`}`;
}

function endedLine(plan: PlannedRun, answer: Answer, { ended, total, left }: Snapshot): string {
  const begun = `[${String(ended).padStart(String(total).length)}/${total}] ${nameOf(plan).padEnd(36)}`;
  if (answer.kind !== 'done') return `${begun} ${unfinished(answer)}`;
  const score = answer.score === null ? '' : `${answer.metric} ${answer.score.toFixed(4)}  `;
  return `${begun} ${score}${duration(answer.seconds)}  ${left === null ? '' : `about ${duration(left)} left`}`.trimEnd();
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

export function nameOf({ spec, label }: PlannedRun): string {
  return `${label}, seed ${spec.seed}`;
}

/** `3 of 12 runs · 40 s · about 2 min 00 s left · 1 failed` */
export function summaryOf({ total, ended: done, failed, reused, seconds: time, left }: Snapshot): string {
  const rest = left === null ? [] : [`about ${duration(left)} left`];
  const bad = failed.length > 0 ? [`${failed.length} failed`] : [];
  const begun = total === 0 ? [`${reused} finished on disk`] : [`${done} of ${total} runs`, duration(time)];
  return [...begun, ...rest, ...bad].join(' · ');
}

/** One told to two. */
export function tee(first: Progress, second: Progress): Progress {
  return {
    plan: (...told) => [first, second].forEach((one) => one.plan(...told)),
    note: (line) => [first, second].forEach((one) => one.note(line)),
    begin: (...told) => [first, second].forEach((one) => one.begin(...told)),
    event: (...told) => [first, second].forEach((one) => one.event(...told)),
    end: (...told) => [first, second].forEach((one) => one.end(...told)),
    close: () => [first, second].forEach((one) => one.close()),
  };
}
