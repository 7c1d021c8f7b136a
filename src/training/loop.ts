import { upload } from '../engine/memory';
import { copies, type Tensors } from '../engine/tf';
import { disposeTree } from '../engine/tree';
import type { OptimizerSettings } from './job';
import type { Own, Tick } from './learner';
import { stepScalars, type TrainState } from './optimizer';

/** What a loop does in its steps. */
export interface Steps {
  /** Of all randomness. */
  readonly seed: number;
  readonly optimizer: OptimizerSettings;
  /** Learning rate of a step, counted from 1. */
  readonly rateAt: (step: number) => number;
  /** The optimizer step `at`, counted from 0. Frees the state it was given. */
  readonly step: (
    at: number,
    state: TrainState,
    constants: Tensors,
    tick: Tick,
  ) => { readonly state: TrainState; readonly loss: number };
  /** Constants that a finished step changes (AdaLoRA's masks), owned by the loop from then on. */
  readonly after?: (step: number, state: TrainState) => Tensors | undefined;
}

/**
 * Training, step after step: the only loop there is. Data position and randomness are functions of step and seed, so
 * that `done` with the state and the constants is all that a run is. Owns the tensors it is given.
 */
export class Loop {
  /** Steps taken. */
  done = 0;
  state: TrainState;
  /** The method's tensors that do not train. */
  constants: Tensors;
  /** What was set aside: the tensors of an earlier step. */
  aside: Own | undefined;
  private readonly steps: Steps;

  constructor(steps: Steps, state: TrainState, constants: Tensors = {}) {
    this.steps = steps;
    this.state = state;
    this.constants = constants;
  }

  /** Takes a step and gives the loss before it. */
  next(): number {
    const { seed, optimizer, rateAt, step, after } = this.steps;
    this.done++;
    const rate = rateAt(this.done);
    const tick = {
      scalars: upload(stepScalars(this.done, rate, optimizer), [3]),
      seed: upload(new Int32Array([seed, this.done * 1000]), [2]), // 1000 draws a step at most
    };
    const { state, loss } = step(this.done - 1, this.state, this.constants, tick);
    this.state = state;
    disposeTree(tick);
    if (!Number.isFinite(loss))
      throw new Error(`the loss is ${loss} at step ${this.done}: lower the learning rate (${rate})`);
    const changed = after?.(this.done, state) ?? {};
    for (const name of Object.keys(changed)) this.constants[name]?.dispose();
    this.constants = { ...this.constants, ...changed };
    return loss;
  }

  /** What stands now. */
  get own(): Own {
    return { variables: this.state.variables, constants: this.constants };
  }

  /** Keeps what stands now, in place of what was set aside before. */
  setAside(): void {
    disposeTree(this.aside ?? {});
    this.aside = { variables: copies(this.state.variables), constants: copies(this.constants) };
  }

  /** Goes on from a state that was kept, and frees its own. */
  resume(done: number, { state, constants, aside }: Pick<Loop, 'state' | 'constants' | 'aside'>): void {
    this.dispose();
    Object.assign(this, { done, state, constants, aside });
  }

  dispose(): void {
    disposeTree([this.state, this.constants, this.aside ?? {}]);
  }
}
