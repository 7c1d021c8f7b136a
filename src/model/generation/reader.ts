import { compile, type Compiled, type Engine } from '../../engine/compile';
import type { Precision } from '../../engine/program';
import { upload } from '../../engine/memory';
import { disposeTree, leaves } from '../../engine/tree';
import { tf, type Tensor, type Tensors } from '../../engine/tf';
import { uploadBatch, type Batch } from '../batch';
import { plainForward, type Forward, type Frozen } from '../forward';
import type { KeyValues } from '../place';
import type { SequenceMean } from '../site';
import { packSequences, rowsNeeded } from '../packing';
import { readNext, readStart, type Cache, type Next, type Reading } from './step';

/** A method on a frozen model. Its tensors are fed at each call: programs stay valid while they train. */
export interface Adaptation {
  readonly tensors: Tensors;
  /**
   * The weights to run with (unfrozen ones in place of the frozen) and how to run: pure, called inside compiled steps.
   * `means` serve gates per sequence, which see whole texts; `sequences`, int32 `[N]`, adaptations that differ by text:
   * the text of each row, left out where every row is the next token of one.
   */
  apply(
    frozen: Frozen,
    tensors: Tensors,
    means?: SequenceMean,
    sequences?: Tensor,
  ): { readonly frozen: Frozen; readonly forward: Forward };
  /** Free slots in front of each source or prompt. */
  readonly prompt: number;
  /** Learned positions of the first tokens, 0 where left out. */
  readonly firstPositions?: Forward['firstPositions'];
}

export const noAdaptation: Adaptation = {
  tensors: {},
  apply: (frozen) => ({ frozen, forward: plainForward }),
  prompt: 0,
};

/** Segments of what is read, by token, and of what is written, by row. */
interface Segmented {
  readonly read: readonly ArrayLike<number>[];
  readonly written: readonly number[];
}

type Start = { readonly source?: Batch; readonly target: Batch };

/** What changes from step to step. */
export interface Move {
  readonly ids: ArrayLike<number>;
  /** Row of the state before that each row goes on from. */
  readonly parents: readonly number[] | undefined;
}

/** A text under way: what has been read, where the rows' texts start in the cache, and their next positions. */
export interface Progress {
  readonly reading: Reading;
  readonly starts: Int32Array;
  readonly positions: Int32Array;
  /** Segments of what the rows write. */
  readonly segments: Int32Array;
  /** The next free slot. */
  readonly slot: number;
  readonly sourceKeys: Tensor | undefined;
}

const roundUp = (n: number, step: number): number => Math.ceil(n / step) * step;

/** How steps run: as programs or op by op, and in which precision frozen matrices are multiplied. */
export interface How {
  readonly engine?: Engine;
  readonly precision?: Precision;
}

/** Compiled reading of texts, token by token. Owns its programs until `dispose()`. */
export class Reader {
  private readonly start: Compiled<[Tensors, Start], Reading>;
  private readonly next: Compiled<[Tensors, Next], Reading>;
  private readonly frozen: Frozen;
  private readonly adaptation: Adaptation;

  /** @param logarithms whether scores are log-probabilities (beam search) or raw */
  constructor(
    frozen: Frozen,
    adaptation: Adaptation,
    { logarithms, engine, precision }: How & { readonly logarithms: boolean },
  ) {
    this.frozen = frozen;
    this.adaptation = adaptation;
    this.start = compile(
      (tensors: Tensors, given: Start) => {
        const rows = given.source === undefined ? given.target.sequences : undefined;
        const { frozen: own, forward } = adaptation.apply(frozen, tensors, undefined, rows);
        return readStart(own, given, forward, logarithms);
      },
      engine,
      precision,
    );
    this.next = compile(
      (tensors: Tensors, given: Next) => {
        const { frozen: own, forward } = adaptation.apply(frozen, tensors);
        return readNext(own, given, { ...forward, prompt: undefined }, logarithms);
      },
      engine,
      precision,
    );
  }

  /** Reads the inputs. @param first what an encoder-decoder's target starts with */
  begin(
    inputs: readonly ArrayLike<number>[],
    { first, segments }: { readonly first: number | null; readonly segments?: Segmented | undefined },
    tensors: Tensors = this.adaptation.tensors,
  ): Progress {
    const decoderOnly = this.frozen.shape.encoderLayers === 0;
    const text = this.pack(inputs, decoderOnly, segments?.read);
    const target = decoderOnly
      ? text
      : uploadBatch(
          packSequences(
            inputs.map(() => ({ ids: [first ?? 0], types: [0] })),
            { lengths: [1], size: inputs.length, prompt: 0 },
          ),
        );
    const reading = this.start(tensors, decoderOnly ? { target } : { source: text, target });
    const slot = target.keys[0]?.shape[1] as number;
    const lengths = inputs.map((ids) => (decoderOnly ? ids.length : 1));
    const used = lengths.map((n) => n + (decoderOnly ? this.adaptation.prompt : 0));
    const sourceKeys = decoderOnly ? undefined : tf.clone(text.keys[0] as Tensor);
    disposeTree(text);
    if (target !== text) disposeTree(target);
    return {
      reading,
      starts: Int32Array.from(used, (n) => slot - n),
      positions: Int32Array.from(lengths),
      segments: Int32Array.from(inputs, (_, row) => segments?.written[row] ?? 0),
      slot,
      sourceKeys,
    };
  }

  private pack(inputs: readonly ArrayLike<number>[], atEnd: boolean, segments: Segmented['read'] = []): Batch {
    const { prompt } = this.adaptation;
    const lengths = inputs.map((ids) => ids.length + prompt);
    const length = roundUp(Math.max(...lengths), 16);
    // Many texts at a time come in batch after batch: coarse steps let them share a program.
    const size = Math.min(
      roundUp(rowsNeeded(lengths, [length]), Math.max(16, (inputs.length * length) / 8)),
      inputs.length * length,
    );
    const sequences = inputs.map((ids, row) => ({ ids, types: segments[row] ?? Array.from(ids, () => 0) }));
    return uploadBatch(packSequences(sequences, { lengths: [length], size, prompt, align: atEnd ? 'end' : 'start' }));
  }

  /** Reads one more token in every row; frees the reading before. @param limit slots that will ever be needed */
  step(before: Progress, { ids, parents }: Move, limit: number, tensors: Tensors = this.adaptation.tensors): Progress {
    const { reading, slot, sourceKeys } = before;
    const from = (values: Int32Array): Int32Array =>
      parents === undefined ? values : Int32Array.from(parents, (row) => values[row] as number);
    const [starts, positions, segments] = [from(before.starts), from(before.positions), from(before.segments)];
    const own = roomFor(reading.own, slot, limit);
    const int = (values: ArrayLike<number>): Tensor => upload(Int32Array.from(values), [values.length]);
    const fresh = {
      ids: int(ids),
      positions: int(positions),
      starts: int(starts),
      types: int(segments),
      slot: int([slot]),
      ...(parents && { parents: int(parents) }),
    };
    const { cross } = reading;
    const after = this.next(tensors, { ...fresh, own, cross, ...(sourceKeys && { sourceKeys }) });
    disposeTree(fresh);
    disposeTree(own);
    tf.dispose([reading.scores, reading.best]);
    const next = { starts, positions: positions.map((p) => p + 1), segments, slot: slot + 1, sourceKeys };
    return { reading: { ...after, cross }, ...next };
  }

  end({ reading, sourceKeys }: Progress): void {
    disposeTree(reading);
    sourceKeys?.dispose();
  }

  dispose(): void {
    this.start.dispose();
    this.next.dispose();
  }
}

/** Texts up to this many slots have room from the start; longer ones double it as they grow. */
const firstSlots = 256;

/**
 * A cache with a free slot: the same, or a larger copy. Sizes are few, as each needs its own program. @param limit
 * slots that will ever be needed
 */
function roomFor(cache: Cache, slot: number, limit: number): Cache {
  const capacity = (cache[0] as KeyValues).keys.shape[2] as number;
  if (slot < capacity) return cache;
  const wanted = roundUp(Math.max(slot + 1, Math.min(limit, Math.max(firstSlots, 2 * capacity))), 64);
  const larger = (x: Tensor): Tensor =>
    tf.pad(x, [
      [0, 0],
      [0, 0],
      [0, wanted - capacity],
      [0, 0],
    ]);
  const grown = cache.map(({ keys, values }) => ({ keys: larger(keys), values: larger(values) }));
  for (const old of leaves(cache)) old.dispose();
  return grown;
}
