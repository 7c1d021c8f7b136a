import { createDelta } from '../petl/bank/delta';
import { parseMethod } from '../petl/design/written';
import { writeSafetensors } from '../petl/formats/safetensors';
import { trainingBatches } from '../tasks/batches';
import { encodeLines } from '../tasks/encode';
import { generationTask, type GenerationExample } from '../tasks/generation';
import { planBatches } from '../tasks/plan';
import type { TrainingJob, TrainingOutcome } from '../training/job';
import { Session } from '../training/session';
import { train } from '../training/train';
import { Lines, Pace, reply, type Setup } from './bench-pace';

/**
 * One side of the benchmark of training a decoder: runs as studies make them, with their checkpoints and their score in
 * the end, held up after as many steps as are asked for. Driven by JSON lines on standard input.
 */
export async function benchTrainCommand(): Promise<number> {
  const lines = new Lines();
  const session = new Session();
  for (let message = lines.next(); message !== undefined && !('quit' in message); message = lines.next()) {
    try {
      if (!('setup' in message)) throw new Error('a run begins with setup');
      await run(message.setup, session, lines);
    } catch (error) {
      reply({ error: (error as Error).message });
    }
  }
  session.dispose();
  return 0;
}

/** Trains as often as it is asked to, and answers the last steps with the run's score. */
async function run(given: Setup, session: Session, lines: Lines): Promise<void> {
  const job = jobOf(given);
  const { trained, batches } = await prepare(given, job, session);
  reply({ ready: true, trained, batches, restMb: process.memoryUsage().rss / 2 ** 20 });
  const pace = new Pace(lines);
  pace.wait();
  const outcome = await train(job, (event) => pace.after(event), session);
  pace.answer({ test: testOf(outcome) });
}

function testOf({ loss, written, trainSeconds, totalSeconds }: TrainingOutcome): object {
  return { loss, written: written?.texts.length ?? 0, trainSeconds, totalSeconds };
}

function jobOf(given: Setup): TrainingJob {
  const rows = given.examples.map((example, i): GenerationExample => ({ id: String(i), ...example }));
  const tests = rows.splice(-given.batch);
  return {
    method: parseMethod(given.method),
    model: given.model,
    task: generationTask({ name: 'bench', load: () => Promise.resolve({ train: rows, validation: [], test: tests }) }),
    seed: 1,
    engine: 'compiled',
    checkpoint: { path: given.checkpoint, say: () => undefined },
    training: {
      examples: 'all',
      epochs: given.epochs,
      batch: given.batch,
      accumulation: 1,
      maxLength: given.source,
      learningRate: given.learningRate,
      schedule: { kind: 'constant', warmup: 0 },
      optimizer: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, clipNorm: given.clipNorm },
      dropout: 0,
      labelSmoothing: 0,
      scored: { validation: 0, test: 'all' },
      evaluations: 0,
      best: null,
      stop: null,
      from: null,
      teacher: null,
      before: null,
      precision: given.precision === 'bf16' ? 'bfloat16' : 'float32',
      target: { maxLength: given.target, decoded: 1, beams: 1, lengthPenalty: 1, minLength: 0, noRepeatNgram: 0 },
    },
  };
}

interface Row {
  readonly ids: readonly number[];
  /** Where the target begins. */
  readonly from: number;
}

/** Writes the method's tensors as they start, but for weights of the model; gives the run's batches, the test's last. */
async function prepare(
  given: Setup,
  job: TrainingJob,
  session: Session,
): Promise<{ readonly trained: number; readonly batches: readonly (readonly Row[])[] }> {
  const { model } = await session.openPrograms(job);
  const { tokenizer, backbone, special } = model;
  if (tokenizer === undefined) throw new Error('the model has no tokenizer');
  const delta = createDelta(job.method, backbone.shape, backbone.weights, job.seed);
  const own = Object.entries(delta.variables).filter(([name]) => backbone.weights[name] === undefined);
  writeSafetensors(
    given.start,
    own.map(([name, tensor]) => ({ name, shape: tensor.shape, values: tensor.dataSync() as Float32Array })),
  );
  const trained = Object.values(delta.variables).reduce((sum, { size }) => sum + size, 0);
  delta.dispose();
  const data = await job.task.load();
  const limits = { source: given.source, target: given.target, end: special.end, segments: null, wholeTargets: false };
  const encoded = (part: 'train' | 'test'): ReturnType<typeof encodeLines> =>
    encodeLines(tokenizer, data[part] as readonly GenerationExample[], limits);
  const rows = { train: encoded('train'), test: encoded('test') };
  const plan = planBatches(
    [...rows.train, ...rows.test].map(({ ids }) => ids.length),
    { size: given.batch },
  );
  const epochs = Array.from({ length: given.epochs }, (_, epoch) =>
    trainingBatches(rows.train, plan, { seed: job.seed, epoch }),
  );
  const plain = (batch: ReturnType<typeof encodeLines>): readonly Row[] =>
    batch.map(({ whole: ids, from }) => ({ ids: Array.from(ids), from }));
  return { trained, batches: [...epochs.flat().map((batch) => plain(batch.rows)), plain(rows.test)] };
}
