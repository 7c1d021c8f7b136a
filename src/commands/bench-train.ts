import { readSync } from 'node:fs';
import * as v from 'valibot';
import { messageOf, real, whole, type Schema } from '../json';
import { createDelta } from '../petl/bank/delta';
import { parseMethod } from '../petl/design/written';
import { writeSafetensors } from '../petl/formats/safetensors';
import { trainingBatches } from '../tasks/batches';
import { encodeLines } from '../tasks/encode';
import { generationTask, type GenerationExample } from '../tasks/generation';
import { planBatches } from '../tasks/plan';
import type { TrainingEvent, TrainingJob, TrainingOutcome } from '../training/job';
import { Session } from '../training/session';
import { train } from '../training/train';
import { BusyMeter } from './busy';

/** What the benchmark of training a decoder sends first; bench/README.md describes the protocol. */
interface Setup {
  readonly model: string;
  readonly method: string;
  readonly precision: 'f32' | 'bf16';
  /** Rows of a batch, all of `source` and `target` tokens together. */
  readonly batch: number;
  readonly source: number;
  readonly target: number;
  readonly learningRate: number;
  readonly clipNorm: number;
  readonly epochs: number;
  /** The last `batch` of them are tested with, the others are trained on. */
  readonly examples: readonly { readonly text: string; readonly target: string }[];
  /** Where the run's state is kept, and where the method's tensors are written as they start. */
  readonly checkpoint: string;
  readonly start: string;
}
type Message = { readonly setup: Setup } | { readonly step: number } | { readonly quit: true };

const setup: Schema<Setup> = v.strictObject({
  model: v.string(),
  method: v.string(),
  precision: v.picklist(['f32', 'bf16']),
  batch: whole,
  source: whole,
  target: whole,
  learningRate: real,
  clipNorm: real,
  epochs: whole,
  examples: v.array(v.strictObject({ text: v.string(), target: v.string() })),
  checkpoint: v.string(),
  start: v.string(),
});
const schema: Schema<Message> = v.union([
  v.strictObject({ setup }),
  v.strictObject({ step: whole }),
  v.strictObject({ quit: v.literal(true) }),
]);

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
  reply({ ready: true, trained, batches });
  const pace = new Pace(lines);
  pace.wait();
  const outcome = await train(job, (event) => pace.after(event), session);
  pace.answer({ test: testOf(outcome) });
}

function testOf({ loss, written, trainSeconds, totalSeconds }: TrainingOutcome): object {
  return { loss, written: written?.texts.length ?? 0, trainSeconds, totalSeconds };
}

/** Holds a run up between the rounds of the benchmark, and meters its steps. */
class Pace {
  private readonly lines: Lines;
  private left = 0;
  private found = emptyRound();
  private meter = new BusyMeter();

  constructor(lines: Lines) {
    this.lines = lines;
  }

  /** Waits for the next request for steps. */
  wait(): void {
    const message = this.lines.next();
    if (message === undefined || !('step' in message)) throw new Error('asked for something else than steps');
    this.left = message.step;
    this.found = emptyRound();
    this.meter = new BusyMeter();
  }

  after(event: TrainingEvent): undefined {
    if (event.kind !== 'step') return;
    const { found, meter } = this;
    found.ms.push(1000 * meter.wall());
    found.cpuMs.push(1000 * meter.used());
    found.foreignCpu.push(meter.foreign());
    found.losses.push(event.loss);
    this.meter = new BusyMeter();
    if (--this.left > 0 || event.step === event.steps) return;
    this.answer({});
    this.wait();
  }

  answer(more: object): void {
    reply({ ...this.found, ...more, peakMb: process.resourceUsage().maxRSS / 1024 });
  }
}

interface Round {
  readonly ms: number[];
  readonly cpuMs: number[];
  readonly losses: number[];
  readonly foreignCpu: (number | null)[];
}

function emptyRound(): Round {
  return { ms: [], cpuMs: [], losses: [], foreignCpu: [] };
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
  const limits = { source: given.source, target: given.target, end: special.end };
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

/** Lines of standard input, each waited for: a run is held up meanwhile. */
class Lines {
  private text = '';

  /** The next message, undefined at the end of input. */
  next(): Message | undefined {
    const part = Buffer.alloc(1 << 16);
    while (!this.text.includes('\n')) {
      const size = readSync(0, part);
      if (size === 0) return undefined;
      this.text += part.toString('utf8', 0, size);
    }
    const end = this.text.indexOf('\n');
    const line = this.text.slice(0, end);
    this.text = this.text.slice(end + 1);
    return messageOf(line, schema);
  }
}

function reply(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
