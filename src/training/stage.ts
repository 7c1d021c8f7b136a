import { setImmediate as nextTurn } from 'node:timers/promises';
import { UserError } from '../errors';
import { parseMethod } from '../petl/design/written';
import type { GenerationExample } from '../tasks/generation';
import { taskNamed } from '../tasks/registry';
import type { Task, TaskData } from '../tasks/task';
import { take } from './data';
import type { Gives, Stage, TrainingJob } from './job';
import type { Loop } from './loop';
import { loopOf } from './run-loop';
import type { OpenRun, Session } from './session';
import { demandJob } from './settings';
import { valuesOf, type StageResult, type Values } from './values';

/** A run after the stage before it. */
export interface Begun {
  readonly job: TrainingJob;
  /** What its tensors begin at. */
  readonly start: Values;
  /** The share of its test examples whose target is among the answers that it reads; null where it reads none. */
  readonly oracle: number | null;
}

/** Stages that a process remembers: their tensors may be a whole model's. */
const remembered = 8;

/** Trains what stands before a run, if anything, and gives the run as it goes on. */
export async function afterStage(session: Session, job: TrainingJob): Promise<Begun> {
  const { before } = job.training;
  if (before === null) return { job, start: {}, oracle: null };
  demandJob(job); // before anything is trained for it
  const task = before.task === job.task.name ? job.task : taskNamed(before.task);
  const key = stageKey(job, before);
  const known = session.stages.get(key);
  const found = known ?? (await runStage(session, { job: stageJob(job, before, task), of: job, gives: before.gives }));
  session.stages.delete(key);
  session.stages.set(key, found);
  const [oldest] = session.stages.keys();
  if (session.stages.size > remembered && oldest !== undefined) session.stages.delete(oldest);
  if (before.gives.kind === 'tensors') return { job, start: found.tensors, oracle: null };
  const { data } = await session.openTask(job.task);
  return {
    job: { ...job, task: answered(job.task, data as TaskData<GenerationExample>, found.answers) },
    start: {},
    oracle: oracleOf(take(data.test as readonly GenerationExample[], job.training.scored.test), found.answers),
  };
}

/** All that decides what a stage gives: for answers also what is asked. */
function stageKey({ model, task, training, seed, engine }: TrainingJob, before: Stage): string {
  const { batch, accumulation, maxLength, schedule, optimizer, dropout, labelSmoothing, precision } = training;
  const how = { batch, accumulation, maxLength, schedule, optimizer, dropout, labelSmoothing, precision };
  const { examples, scored, target } = training;
  const asked = before.gives.kind === 'tensors' ? null : { task: task.name, examples, scored, target };
  return JSON.stringify({ model, how, seed, engine, before, asked });
}

function stageJob(job: TrainingJob, before: Stage, task: Task): TrainingJob {
  const { training } = job;
  const { checkpoint: _, keep: __, from: ___, ...rest } = job;
  const { examples, epochs, learningRate, target, method } = before;
  return {
    ...rest,
    task,
    method: parseMethod(method),
    training: {
      ...training,
      ...{ examples, epochs, learningRate, before: null, from: null, best: null, stop: null, evaluations: 0 },
      scored: { validation: 0, test: 0 },
      target: training.target && { ...training.target, maxLength: target },
    },
  };
}

interface Asked {
  readonly job: TrainingJob;
  /** The run whose examples are answered. */
  readonly of: TrainingJob;
  readonly gives: Gives;
}

async function runStage(session: Session, { job, of, gives }: Asked): Promise<StageResult> {
  const run = await session.open(job);
  const loop = loopOf(job, run);
  try {
    while (loop.done < run.course.steps) {
      loop.next();
      await nextTurn(); // lets interrupts and messages in
    }
    run.demandFrozen();
    if (gives.kind === 'tensors') return { tensors: valuesOf(loop.own.variables), answers: new Map() };
    return { tensors: {}, answers: await answersOf(session, { run, loop, of, gives }) };
  } finally {
    loop.dispose();
  }
}

interface Answering extends Pick<Asked, 'of'> {
  readonly run: OpenRun;
  readonly loop: Loop;
  readonly gives: Answers;
}
type Answers = Extract<Gives, { kind: 'answers' }>;

/** What the stage's method writes to the examples that the run takes. */
async function answersOf(session: Session, { run, loop, of, gives }: Answering): Promise<StageResult['answers']> {
  const { data } = await session.openTask(of.task);
  const { examples, scored } = of.training;
  const asked = [
    ...take(data.train, examples),
    ...take(data.validation, scored.validation),
    ...take(data.test, scored.test),
  ];
  if (run.trainer.sample === undefined)
    throw new UserError(`task "${of.task.name}" writes no texts that a second pass could read: leave before out`);
  const texts = await run.trainer.sample(loop.own, asked, { ...of, method: run.method }, gives);
  return new Map(asked.map(({ id }, i) => [id, texts[i] ?? []]));
}

/** The task whose texts are read behind the answers to them, the most frequent first, each once. */
function answered(
  task: Task,
  data: TaskData<GenerationExample>,
  answers: StageResult['answers'],
): Task<GenerationExample> {
  const read = (examples: readonly GenerationExample[]): readonly GenerationExample[] =>
    examples.map((example) => behind(answers.get(example.id) ?? [], example));
  const all = { train: read(data.train), validation: read(data.validation), test: read(data.test) };
  return { ...task, print: null, load: () => Promise.resolve(all) };
}

function behind(answers: readonly string[], example: GenerationExample): GenerationExample {
  const counts = new Map<string, number>();
  for (const answer of answers) if (answer !== '') counts.set(answer, (counts.get(answer) ?? 0) + 1);
  const ranked = [...counts].sort(([, a], [, b]) => b - a).map(([answer]) => answer);
  if (ranked.length === 0) return example;
  const first = `${ranked.join(', ')}? `;
  const pieces = example.pieces && [{ text: first, keeps: 'beginning' as const }, ...example.pieces];
  return { ...example, text: first + example.text, ...(pieces && { pieces }) };
}

function oracleOf(tests: readonly GenerationExample[], answers: StageResult['answers']): number | null {
  if (tests.length === 0) return null; // a tuning trial never sees the test set
  const found = tests.filter(({ id, target }) => answers.get(id)?.includes(target.trim()) === true);
  return found.length / tests.length;
}
