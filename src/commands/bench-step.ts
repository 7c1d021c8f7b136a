import { createInterface } from 'node:readline';
import { seconds } from '../clock';
import { tf, type Tensor } from '../engine/tf';
import { messageOf } from '../json';
import { loadBackbone } from '../model/backbone';
import { peakMb } from '../peak';
import { createDelta } from '../petl/bank/delta';
import { parseMethod } from '../petl/design/written';
import { classifierOf } from '../training/classifier';
import type { LabelledBatch } from '../training/labelled';
import { Loop } from '../training/loop';
import { startState } from '../training/optimizer';
import { stepperOf, type Stepper } from '../training/stepper';
import { gemmRate } from './bench-gemm';
import { batchesOf, startValues } from './bench-inputs';
import { schema, type Setup } from './bench-messages';
import { reply } from './bench-pace';
import { BusyMeter } from './busy';

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

class Session {
  private readonly started = seconds();
  private readonly stepper: Stepper<LabelledBatch>;
  private readonly loop: Loop;

  constructor(setup: Setup) {
    const { shape, weights } = loadBackbone(setup.model);
    const frozen = { shape: { ...shape, pooling: setup.pooling }, weights };
    const method = parseMethod(setup.method);
    const given = startValues(setup.file);
    const batches = batchesOf(setup);
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
      { work: setup.work === 'same' ? 'all' : 'least' },
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
          stepper.step(before, constants, [[batches[at % batches.length] as LabelledBatch]], tick),
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
    return { ...found, peakMb: peakMb(), programs: this.stepper.times() };
  }
}
