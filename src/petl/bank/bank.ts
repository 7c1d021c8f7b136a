import { tf, type Tensor, type Tensors } from '../../engine/tf';
import { UserError } from '../../errors';
import type { Forward } from '../../model/forward';
import type { ModelShape } from '../../model/shape';
import { untouched, type SitePoint, type Visit } from '../../model/site';
import { weightsWith, type Delta } from './delta';
import { againOf } from '../forms/connector';
import { promptWriter } from '../forms/generator';
import { visitFor, type ModifyContext } from '../forms/modify';
import { nearest } from '../design/nearest';
import { unfrozenNames } from '../forms/unfrozen';
import { tokenRowsNames } from '../forms/variables';

/** How a model runs under the adapters that are on. */
export interface Applied {
  readonly visit: Visit;
  /** The frozen weights with those that the adapters trained in their place. */
  readonly weights: Tensors;
  readonly prompt: Tensor | undefined;
  /** Where it is written from the input instead. */
  readonly promptFrom: Forward['promptFrom'];
  /** A second pass, where one of them has a connector. */
  readonly again: Forward['again'];
}

/**
 * Which rows of a batch an adapter sees: booleans by token row, and by sequence for blocks that work on one row a
 * sequence.
 */
export interface Rows {
  /** bool `[N_s]` of the encoder's rows, or of the only stack's */
  readonly source: Tensor;
  /** bool `[N_t]` of the decoder's rows, where there is an encoder too */
  readonly target?: Tensor;
  /** bool `[B]` */
  readonly sequences: Tensor;
}

/** Deltas by name on one frozen model. Nothing is shared between them: switching one never changes another. */
export class Bank {
  private readonly deltas = new Map<string, Delta>();
  private on: readonly string[] = [];
  private readonly shape: ModelShape;

  constructor(shape: ModelShape) {
    this.shape = shape;
  }

  get names(): readonly string[] {
    return [...this.deltas.keys()];
  }
  get active(): readonly string[] {
    return this.on;
  }

  /** Takes over the delta. */
  add(name: string, delta: Delta): void {
    if (this.deltas.has(name))
      throw new UserError(`An adapter "${name}" is there already; remove it first or choose another name.`);
    if (JSON.stringify(delta.shape) !== JSON.stringify(this.shape))
      throw new UserError(`Adapter "${name}" was made for a model of another shape.`);
    this.deltas.set(name, delta);
  }

  /** Frees an adapter's tensors; one that is on is switched off first. */
  remove(name: string): void {
    this.get(name).dispose();
    this.deltas.delete(name);
    this.on = this.on.filter((other) => other !== name);
  }

  /**
   * Switches these adapters on, the first nearest to the frozen model, and all others off; none restores the model bit
   * for bit.
   */
  activate(...names: readonly string[]): void {
    const chosen = names.map((name) => this.get(name));
    if (new Set(names).size < names.length) throw new UserError(`Adapters ${names.join(', ')}: name each once.`);
    refuseClashes(names, chosen);
    this.on = names;
  }

  /** Runs `body` with other adapters on; afterwards, errors included, those before are on again. */
  within<T>(names: readonly string[], body: () => T): T {
    const before = this.on;
    this.activate(...names);
    try {
      return body();
    } finally {
      this.on = before;
    }
  }

  get(name: string): Delta {
    const delta = this.deltas.get(name);
    if (delta === undefined)
      throw new UserError(
        `No adapter "${name}": there are ${this.names.join(', ') || 'none'}${nearest(name, this.names)}`,
      );
    return delta;
  }

  /** The active adapters, stacked. Call it inside the step that runs the model. */
  apply(weights: Tensors, context: ModifyContext): Applied {
    const chosen = this.on.map((name) => this.get(name));
    const prompts = chosen.flatMap(({ variables }) => variables['prompt'] ?? []);
    return {
      visit: stack(chosen.map((delta) => visitOf(delta, context))),
      weights: chosen.reduce((merged, delta) => weightsWith(merged, delta, delta.variables), weights),
      prompt: prompts[0],
      promptFrom: chosen
        .map(({ method, shape, variables }) => promptWriter(method, { shape, weights }, variables, {}))
        .find((writer) => writer !== undefined),
      again: chosen.map(({ method, variables }) => againOf(method, variables)).find((pass) => pass !== undefined),
    };
  }

  /**
   * Several adapters in one batch: each changes its own rows only; rows that no adapter takes see the frozen model.
   * @param tensors the adapters' own in place of those that they hold, where a program is fed with them
   * @throws UserError for adapters that train the model's own weights or a prompt, or run twice: a whole batch shares those
   */
  applyMixed(
    rows: Readonly<Record<string, Rows>>,
    context: ModifyContext,
    tensors: Readonly<Record<string, Tensors>> = {},
  ): Visit {
    const parts = Object.entries(rows).map(([name, own]) => {
      const delta = this.get(name);
      const { unfrozen, prompt, passes } = delta.method;
      if (unfrozen.length > 0 || prompt.kind !== 'none' || passes.kind !== 'once') {
        throw new UserError(
          `Adapter "${name}" (${delta.method.name}) changes weights, inputs or passes that all rows share; it cannot take part in a mixed batch.`,
        );
      }
      const given = tensors[name];
      const visit = given === undefined ? visitOf(delta, context) : visitFor(delta.method, delta.shape, given, context);
      return onlyRows(visit, own);
    });
    return together(parts);
  }

  dispose(): void {
    for (const name of this.names) this.remove(name);
  }
}

function visitOf({ method, shape, variables, constants }: Delta, context: ModifyContext): Visit {
  return visitFor(method, shape, { ...constants, ...variables }, context);
}

/** One visit after another: each sees the h that the one before made. */
export function stack(visits: readonly Visit[]): Visit {
  if (visits.length === 0) return untouched;
  return withSites(visits, (point) => visits.reduce((h, visit) => visit({ ...point, output: h }), point.output));
}

/** A visit of some rows: it sees the frozen h and puts its own rows into the h so far. */
interface Some {
  readonly whole: boolean;
  readonly change: (point: SitePoint, h: Tensor) => Tensor;
}

/** Visits of disjoint rows: each sees the frozen h, and the rows' results are put side by side. */
function together(visits: readonly Some[]): Visit {
  const visit = (point: SitePoint): Tensor => visits.reduce((h, { change }) => change(point, h), point.output);
  return Object.assign(visit, { whole: visits.some(({ whole }) => whole) });
}

/**
 * h with this visit's result in its own rows; values are chosen, not blended, so other rows keep theirs bit for bit.
 */
function onlyRows(visit: Visit, rows: Rows): Some {
  const change = (point: SitePoint, h: Tensor): Tensor => {
    const changed = visit(point);
    return changed === point.output ? h : tf.where(tf.expandDims(maskFor(point, rows), 1), changed, h);
  };
  return { whole: visit.whole === true, change };
}

function maskFor({ output, stack: side, site }: SitePoint, { source, target, sequences }: Rows): Tensor {
  const readsSource = side === 'encoder' || site === 'cross.key' || site === 'cross.value' || target === undefined;
  const tokens = readsSource ? source : target;
  return output.shape[0] === tokens.shape[0] ? tokens : sequences;
}

function withSites(visits: readonly Visit[], visit: (point: SitePoint) => Tensor): Visit {
  const sites = visits.map((one) => one.sites);
  const whole = visits.some((one) => one.whole);
  if (sites.some((one) => one === undefined)) return Object.assign(visit, { whole });
  return Object.assign(visit, { sites: new Set(sites.flatMap((one) => [...(one ?? [])])), whole });
}

/** Two adapters cannot both stand in for one weight of the model, nor both be the prompt. */
function refuseClashes(names: readonly string[], deltas: readonly Delta[]): void {
  const owners = new Map<string, string>();
  deltas.forEach(({ method, shape, variables }, i) => {
    const replaced = [
      ...unfrozenNames(method, shape),
      ...(method.prompt.kind === 'none' ? [] : ['the prompt']),
      ...(method.passes.kind === 'once' ? [] : ['the second pass']),
      ...(Object.values(tokenRowsNames).some((name) => variables[name] !== undefined)
        ? ['rows of the word table']
        : []),
    ];
    for (const weight of replaced) {
      const other = owners.get(weight);
      if (other !== undefined)
        throw new UserError(
          `Adapters "${other}" and "${names[i] ?? ''}" both replace ${weight}; switch one of them on at a time.`,
        );
      owners.set(weight, names[i] ?? '');
    }
  });
}
