import { canAdamInPlace } from '../engine/adam';
import { compile, type Compiled, type Engine } from '../engine/compile';
import { upload } from '../engine/memory';
import type { Precision, ProgramTimes } from '../engine/program';
import { tf, type Tensor, type Tensors } from '../engine/tf';
import { disposeTree } from '../engine/tree';
import type { OptimizerSettings } from './job';
import type { Learner, Tick, Weighted } from './learner';
import { clipFactor, updated, type Group, type TrainState } from './optimizer';
import { groupSize, updateByGroups, updateInPlace, type Feed } from './update';

/** Runs training steps and frees what they replace. */
export interface Stepper<B extends Weighted> {
  /** One optimizer step over one batch in its shards, or over several as if they were one. Frees the state it was given. */
  step(
    state: TrainState,
    constants: Tensors,
    batches: readonly (readonly B[])[],
    tick: Tick,
  ): { readonly state: TrainState; readonly loss: number };
  times(): readonly ProgramTimes[];
  dispose(): void;
}

export interface StepperOptions {
  readonly optimizer: OptimizerSettings;
  readonly engine: Engine;
  readonly precision: Precision;
}

/**
 * One program a step for a small method on one batch; gradients and grouped updates apart where much trains or batches
 * add up.
 */
export function stepperOf<B extends Weighted>(learner: Learner<B>, options: StepperOptions): Stepper<B> {
  const whole = compile(
    (...given: Parameters<Learner<B>['step']>) => learner.step(...given),
    options.engine,
    options.precision,
    (_, __, shards) => shards.length,
  );
  const apart = apartStepper(learner, options);
  return {
    step: (state, constants, batches, tick) => {
      const [batch, more] = batches;
      if (batch === undefined) throw new Error('a step needs a batch');
      if (more !== undefined || sizeOf(Object.values(state.variables)) > groupSize)
        return apart.step(state, constants, batches, tick);
      const next = whole(state, constants, batch, tick);
      disposeTree(state);
      return { state: next.state, loss: read(next.loss) };
    },
    times: () => [...whole.times(), ...apart.times()],
    dispose: () => {
      whole.dispose();
      apart.dispose();
    },
  };
}

function apartStepper<B extends Weighted>(
  learner: Learner<B>,
  { optimizer, engine, precision }: StepperOptions,
): Stepper<B> {
  const gradients = compile(
    (...given: Parameters<Learner<B>['gradients']>) => learner.gradients(...given),
    engine,
    precision,
    (_, __, shards) => shards.length,
  );
  const factorOf = compile((all: Tensor[]) => [clipFactor(all, optimizer.clipNorm) ?? tf.scalar(1)], engine);
  const update = compile(
    (group: Group, slopes: Tensor[], feed: Feed) =>
      updated(group, slopes, { scalars: feed.scalars, factor: feed.factor[0] }, optimizer),
    engine,
  );
  const inPlace = engine === 'compiled' && canAdamInPlace();
  const programs: readonly Compiled<never, never>[] = [gradients, factorOf, update] as unknown as readonly Compiled<
    never,
    never
  >[];
  return {
    step: (state, constants, batches, tick) => {
      const { loss, slopes } = summed(batches, (batch, share) =>
        gradients(state.variables, constants, batch, { seed: tick.seed, share }),
      );
      const factor = optimizer.clipNorm === 0 ? [] : factorOf(Object.values(slopes));
      const feed = { scalars: tick.scalars, factor };
      const next = inPlace
        ? updateInPlace(state, slopes, feed, optimizer)
        : updateByGroups(state, slopes, (group, part) => update(group, part, feed));
      disposeTree(factor);
      return { state: next, loss };
    },
    times: () => programs.flatMap((program) => program.times()),
    dispose: () => {
      for (const program of programs) program.dispose();
    },
  };
}

interface Slopes {
  readonly loss: Tensor;
  readonly gradients: Tensors;
}

/** Gradients of the batches' common mean: each batch counts by its share of the labels' weights. */
function summed<B extends Weighted>(
  batches: readonly (readonly B[])[],
  run: (batch: readonly B[], share: Tensor) => Slopes,
): { readonly loss: number; readonly slopes: Tensors } {
  const weights = batches.map((batch) =>
    batch.flatMap((shard) => Array.from(shard.weights.dataSync())).reduce((a, b) => a + b, 0),
  );
  const total = Math.max(
    1e-9,
    weights.reduce((a, b) => a + b, 0),
  );
  let loss = 0;
  let slopes: Tensors | undefined;
  batches.forEach((batch, i) => {
    const share = upload(new Float32Array([(weights[i] ?? 0) / total]), []);
    const found = run(batch, share);
    loss += read(found.loss);
    const before = slopes;
    slopes = before === undefined ? found.gradients : added(before, found.gradients);
    disposeTree(before === undefined ? share : [share, before, found.gradients]);
  });
  return { loss, slopes: slopes ?? {} };
}

function added(a: Tensors, b: Tensors): Tensors {
  return Object.fromEntries(Object.entries(a).map(([name, t]) => [name, tf.add(t, b[name] as Tensor)]));
}

function sizeOf(tensors: readonly Tensor[]): number {
  return tensors.reduce((sum, t) => sum + t.size, 0);
}

function read(loss: Tensor): number {
  const value = loss.dataSync()[0] ?? NaN;
  loss.dispose();
  return value;
}
