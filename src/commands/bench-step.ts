import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import * as v from 'valibot';
import { seconds } from '../clock';
import { messageOf, real, recordOf, whole, type Schema } from '../json';
import { compile } from '../engine/compile';
import { upload } from '../engine/memory';
import { matmul } from '../engine/products';
import { tf, type Tensor } from '../engine/tf';
import { loadBackbone } from '../model/backbone';
import { uploadBatch } from '../model/batch';
import { openSafetensors } from '../model/checkpoint/safetensors';
import { commonGrids, commonRows, packSequences } from '../model/packing';
import { createDelta } from '../petl/bank/delta';
import { parseMethod } from '../petl/design/written';
import { classifierOf } from '../training/classifier';
import { labelledBatch, type LabelledBatch } from '../training/labelled';
import { Loop } from '../training/loop';
import { startState } from '../training/optimizer';
import { stepperOf, type Stepper } from '../training/stepper';
import { BusyMeter } from './busy';

/** What the benchmark sends first; bench/README.md describes the protocol. */
interface Setup {
  readonly method: string;
  readonly model: string;
  readonly tokens: number;
  readonly pooling: 'first' | 'mean';
  readonly precision: 'f32' | 'bf16';
  readonly file: string;
  readonly batches: number;
  readonly batch: number;
  readonly classes: number;
  readonly learningRate: number;
  /** same: padding and all positions are computed, as PyTorch does; shipped: as every run trains. */
  readonly work: 'same' | 'shipped';
}

type Message =
  { readonly setup: Setup } | { readonly step: number } | { readonly gemm: Gemm } | { readonly quit: true };
interface Gemm {
  readonly shapes: readonly (readonly [number, number, number])[];
  readonly seconds: number;
  readonly precision: 'f32' | 'bf16';
}

const precision = v.picklist(['f32', 'bf16']);
const setup: Schema<Setup> = v.looseObject({
  method: v.string(),
  model: v.string(),
  tokens: whole,
  pooling: v.picklist(['first', 'mean']),
  precision,
  file: v.string(),
  batches: whole,
  batch: whole,
  classes: whole,
  learningRate: real,
  work: v.picklist(['same', 'shipped']),
});
const schema: Schema<Message> = v.union([
  v.strictObject({ setup }),
  v.strictObject({ step: whole }),
  v.strictObject({
    gemm: v.looseObject({ shapes: v.array(v.tuple([whole, whole, whole])), seconds: real, precision }),
  }),
  v.strictObject({ quit: v.literal(true) }),
]);
const headerIn = recordOf(v.looseObject({ data_offsets: v.tuple([whole, whole]) }));

const adam = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, clipNorm: 0 };

/** One side of the benchmark: a training step driven by JSON lines on standard input. */
export async function benchStepCommand(): Promise<number> {
  let session: Session | undefined;
  for await (const line of createInterface({ input: process.stdin })) {
    const message = messageOf(line, schema);
    if ('quit' in message) break;
    try {
      if ('setup' in message) {
        session = new Session(message.setup);
        reply(session.ready());
      } else if ('step' in message) reply((session as Session).steps(message.step));
      else reply({ gflops: message.gemm.shapes.map((shape) => gemmRate(shape, message.gemm)) });
    } catch (error) {
      reply({ error: (error as Error).message });
    }
  }
  return 0;
}

function reply(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

class Session {
  private readonly started = seconds();
  private readonly stepper: Stepper<LabelledBatch>;
  private readonly loop: Loop;

  constructor(setup: Setup) {
    const { shape, weights } = loadBackbone(setup.model);
    const frozen = { shape: { ...shape, pooling: setup.pooling }, weights };
    const method = parseMethod(setup.method);
    const file = openSafetensors(setup.file);
    const given = Object.fromEntries(
      file.tensors
        .filter((t) => !/^(ids|mask|labels)\./.test(t.name))
        .map((t) => [t.name, upload(t.read(0, t.shape[0] ?? 1), t.shape)]),
    );
    file.close();
    const batches = Array.from({ length: setup.batches }, (_, k) => batchOf(integers(setup.file), k, setup));
    const variables = createDelta(method, shape, weights, 1).variables;
    const state = startState({
      ...Object.fromEntries(Object.entries(variables).map(([name, t]) => [name, given[name] ?? t])),
      'head.weight': given['head.weight'] as Tensor,
      'head.bias': given['head.bias'] as Tensor,
    });
    const classifier = classifierOf(
      frozen,
      method,
      { dropout: 0, labelSmoothing: 0, optimizer: adam },
      setup.work === 'same' ? 'all' : 'least',
    );
    // Weights that train are read from the state alone: the frozen copies go, as PyTorch has none.
    for (const name of Object.keys(variables)) weights[name]?.dispose();
    this.stepper = stepperOf(classifier, {
      optimizer: adam,
      engine: 'compiled',
      precision: setup.precision === 'bf16' ? 'bfloat16' : 'float32',
    });
    const { stepper } = this;
    this.loop = new Loop(
      {
        seed: 0,
        optimizer: adam,
        rateAt: () => setup.learningRate,
        step: (at, before, constants, tick) =>
          stepper.step(before, constants, [batches[at % batches.length] as LabelledBatch], tick),
      },
      state,
    );
  }

  ready(): object {
    const trained = Object.values(this.loop.state.variables).reduce((sum, t) => sum + t.size, 0);
    return {
      ready: true,
      trained,
      setupMs: 1000 * (seconds() - this.started),
      versions: { tensorflow: tf.version['tfjs-core'] },
    };
  }

  steps(count: number): object {
    const found = {
      ms: [] as number[],
      losses: [] as number[],
      cpuMs: [] as number[],
      foreignCpu: [] as (number | null)[],
    };
    for (let i = 0; i < count; i++) {
      const meter = new BusyMeter();
      found.losses.push(this.loop.next());
      found.ms.push(1000 * meter.wall());
      found.cpuMs.push(1000 * meter.used());
      found.foreignCpu.push(meter.foreign());
    }
    return { ...found, peakMb: process.resourceUsage().maxRSS / 1024, programs: this.stepper.times() };
  }
}

/** The int32 tensors of a safetensors file by name; checkpoints hold none that a model reads. */
function integers(path: string): (name: string) => Int32Array {
  const bytes = readFileSync(path);
  const start = 8 + Number(bytes.readBigUInt64LE());
  const header = messageOf(bytes.toString('utf8', 8, start), headerIn);
  return (name) => {
    const {
      data_offsets: [from, to],
    } = header[name] ?? { data_offsets: [0, 0] };
    return new Int32Array(bytes.buffer.slice(bytes.byteOffset + start + from, bytes.byteOffset + start + to));
  };
}

/** Sequences cut to the real tokens of each row. */
function batchOf(
  part: (name: string) => Int32Array,
  k: number,
  { batch, tokens, work, batches }: Setup,
): LabelledBatch {
  const cut = (n: number): readonly { readonly ids: Int32Array }[] => {
    const [ids, mask] = [part(`ids.${n}`), part(`mask.${n}`)];
    return Array.from({ length: batch }, (_, b) => {
      const length = mask.subarray(b * tokens, (b + 1) * tokens).reduce((a, m) => a + m, 0);
      return { ids: ids.subarray(b * tokens, b * tokens + length) };
    });
  };
  // One N and one set of grids for all batches, as in training: one program.
  const counts = Array.from({ length: batches }, (_, n) => cut(n).map((s) => s.ids.length));
  const lengths = work === 'same' ? [tokens] : commonGrids(counts, tokens);
  const size = work === 'same' ? batch * tokens : commonRows(counts, lengths, 32);
  const labels = part(`labels.${k}`);
  const inputs = uploadBatch(packSequences(cut(k), { lengths, size, prompt: 0 }));
  return labelledBatch(inputs, labels);
}

/** GFLOP/s of the best product; the right side is frozen, as a backbone's matrix is in a step. */
function gemmRate([m, k, n]: readonly [number, number, number], { seconds: limit, precision }: Gemm): number {
  const wave = (rows: number, columns: number): Tensor =>
    upload(
      Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i)),
      [rows, columns],
    );
  const [a, b] = [wave(m, k), wave(k, n)];
  const product = compile((x: Tensor) => matmul(x, b), 'compiled', precision === 'bf16' ? 'bfloat16' : 'float32');
  let best = Infinity;
  for (const end = seconds() + limit; seconds() < end;) {
    const start = seconds();
    product(a).dispose();
    best = Math.min(best, seconds() - start);
  }
  product.dispose();
  tf.dispose([a, b]);
  return (2 * m * k * n) / best / 1e9;
}
