import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Tensor, Tensors } from '../../engine/tf';
import { UserError } from '../../errors';
import { randomFrom } from '../../random';
import type { Frozen } from '../forward';
import { longestText } from '../shapes';
import type { SpecialIds } from '../special';
import { advance, startBeams, type BeamState } from './beam';
import { constraintsOf } from './constraints';
import { noAdaptation, Reader, type Adaptation, type How, type Progress } from './reader';
import { bestOf, sample } from './sampling';
import { checkSettings, type GenerationSettings, type Search } from './settings';

export interface Generated {
  /** New token ids, the end token included where the text ends before its full length. */
  readonly tokens: readonly number[];
  /** Log-probability over length^penalty in beam search. */
  readonly score: number | null;
}

/** Segments of texts, for models and methods that tell them apart. */
export interface TextSegments {
  /** Of each token of each row. */
  readonly read: readonly ArrayLike<number>[];
  /** Of what each row writes. */
  readonly written: readonly number[];
}

export interface GenerateOptions {
  readonly settings: GenerationSettings;
  readonly special: SpecialIds;
  /** 0 for every token where left out. */
  readonly segments?: TextSegments;
  /**
   * Texts that are sampled for each input, neighbours in the answer: all go on from one reading of it. 1 where left out.
   */
  readonly copies?: number;
  /** Called with every new token of each row as it comes; not in beam search, which decides at the end. */
  readonly onToken?: (row: number, token: number) => void;
}

/** Generates texts with a frozen model and a method. Programs are kept from call to call; `dispose()` frees them. */
export class Generator {
  private readonly frozen: Frozen;
  private readonly adaptation: Adaptation;
  private readonly how: How;
  private readonly readers = new Map<boolean, Reader>();

  constructor(frozen: Frozen, adaptation: Adaptation = noAdaptation, how: How = {}) {
    this.frozen = frozen;
    this.adaptation = adaptation;
    this.how = how;
  }

  /**
   * Continues prompts (decoder) or writes targets for sources (encoder-decoder), all rows together.
   * @param inputs token ids of each row, not padded @param tensors the method's, where they changed since it was given
   */
  async generate(
    inputs: readonly ArrayLike<number>[],
    options: GenerateOptions,
    tensors: Tensors = this.adaptation.tensors,
  ): Promise<readonly Generated[]> {
    checkSettings(options.settings);
    demandCopies(options);
    this.demandInputs(inputs, options);
    const { search } = options.settings;
    const reader = this.reader(search.kind === 'beam');
    let progress: Progress | undefined;
    const hold = (next: Progress): Progress => (progress = next);
    try {
      const first = hold(reader.begin(inputs, { first: options.special.start, segments: options.segments }, tensors));
      const limit = first.slot + options.settings.maxNewTokens - 1; // the last token is written, not read
      const turn = (before: Progress, ids: readonly number[], parents?: readonly number[]): Progress =>
        hold(reader.step(before, { ids, parents }, limit, tensors));
      const run: Run = { inputs: this.texts(inputs, options), options, first, turn };
      return await (search.kind === 'beam' ? beamSearch(run, search) : oneByOne(run, search));
    } finally {
      if (progress !== undefined) reader.end(progress);
    }
  }

  /** The tokens that no-repeat rules look at: a decoder's prompt, or the start of the target. */
  private texts(inputs: readonly ArrayLike<number>[], { special }: GenerateOptions): readonly (readonly number[])[] {
    return inputs.map((ids) => (this.frozen.shape.encoderLayers === 0 ? Array.from(ids) : [special.start ?? 0]));
  }

  private reader(logarithms: boolean): Reader {
    const known = this.readers.get(logarithms);
    if (known !== undefined) return known;
    const made = new Reader(this.frozen, this.adaptation, { logarithms, ...this.how });
    this.readers.set(logarithms, made);
    return made;
  }

  private demandInputs(inputs: readonly ArrayLike<number>[], { settings, special }: GenerateOptions): void {
    const { shape } = this.frozen;
    if (shape.output.kind === 'none')
      throw new UserError(`a ${shape.family} model generates no text: choose a decoder or an encoder-decoder`);
    if (special.rules !== undefined && special.rules.refused.length > 0)
      throw new UserError(
        `the model's generation_config.json sets ${special.rules.refused.join(', ')}, which is not computed here: take it out of the file, or choose another model`,
      );
    if (inputs.length === 0 || inputs.some((ids) => ids.length === 0))
      throw new UserError('there is nothing to read: give every row at least one token');
    const foreign = inputs
      .flatMap((ids) => Array.from(ids))
      .find((id) => !Number.isInteger(id) || id < 0 || id >= shape.vocabulary);
    if (foreign !== undefined)
      throw new UserError(
        `token id ${foreign} is outside the vocabulary of ${shape.vocabulary}: encode the text with the model's own tokenizer`,
      );
    if (shape.encoderLayers > 0 && special.start === null)
      throw new UserError('the model names no decoder_start_token_id: add it to its config.json');
    this.demandRoom(Math.max(...inputs.map((ids) => ids.length)), settings);
  }

  /** Learned positions end; a method may start the text behind its own vectors. */
  private demandRoom(longest: number, { maxNewTokens }: GenerationSettings): void {
    const { shape } = this.frozen;
    const room = longestText(shape);
    if (room === undefined) return;
    const { encoder = 0, decoder = 0 } = this.adaptation.firstPositions ?? {};
    const needed =
      shape.encoderLayers === 0
        ? decoder + longest + maxNewTokens
        : Math.max(encoder + longest, decoder + maxNewTokens + 1);
    const taken = Math.max(encoder, decoder);
    const own = taken === 0 ? '' : ` (${taken} by the method's vectors)`;
    if (needed > room)
      throw new UserError(
        `${needed} positions are needed${own} but the model has ${room}: shorten the input (${longest} tokens) or maxNewTokens (${maxNewTokens})`,
      );
  }

  dispose(): void {
    for (const reader of this.readers.values()) reader.dispose();
    this.readers.clear();
  }
}

function demandCopies({ copies = 1, settings: { search } }: GenerateOptions): void {
  if (!Number.isInteger(copies) || copies < 1)
    throw new UserError(`copies is ${copies}: give a whole number of at least 1`);
  if (copies > 1 && search.kind !== 'sample')
    throw new UserError(`${copies} copies of what a ${search.kind} search writes are alike: sample them`);
}

interface Run {
  readonly inputs: readonly (readonly number[])[];
  readonly options: GenerateOptions;
  readonly first: Progress;
  /** Reads one more token a row; the progress before is used up. */
  turn(before: Progress, ids: readonly number[], parents?: readonly number[]): Progress;
}

/** Row r of a matrix in JavaScript memory. */
function rowOf(values: Float32Array, rows: number, r: number): Float32Array {
  const width = values.length / rows;
  return values.subarray(r * width, (r + 1) * width);
}

/** Greedy and sampled generation. */
async function oneByOne(
  { inputs: given, options, first, turn }: Run,
  search: Exclude<Search, { kind: 'beam' }>,
): Promise<readonly Generated[]> {
  const { settings, special, onToken, copies = 1 } = options;
  const inputs = given.flatMap((text) => Array.from({ length: copies }, () => text));
  const constrain = constraintsOf(settings, special);
  const random = randomFrom(search.kind === 'sample' ? search.seed : 0);
  const choose = (progress: Progress, tokens: readonly (readonly number[])[]): readonly number[] => {
    if (search.kind === 'greedy' && constrain === undefined) return Array.from(progress.reading.best.dataSync());
    const scores = readScores(progress.reading.scores);
    const apart = progress === first ? copies : 1; // the one reading of an input serves all of its copies
    return inputs.map((text, r) => {
      const read = rowOf(scores, inputs.length / apart, Math.floor(r / apart));
      const row = apart === 1 ? read : read.slice(); // rules write into it
      const own = tokens[r] as readonly number[];
      constrain?.(row, [...text, ...own], own.length);
      return search.kind === 'greedy' ? bestOf(row) : sample(row, search, random());
    });
  };
  const tokens: number[][] = inputs.map(() => []);
  const open = inputs.map(() => true);
  for (let progress = first; ;) {
    const chosen = choose(progress, tokens);
    chosen.forEach((token, r) => {
      if (open[r] !== true) return;
      (tokens[r] as number[]).push(token);
      onToken?.(r, token);
      if (special.end.includes(token) || tokens[r]?.length === settings.maxNewTokens) open[r] = false;
    });
    if (!open.includes(true)) return tokens.map((row) => ({ tokens: row, score: null }));
    if (onToken !== undefined) await nextTurn(); // lets a notebook show what came
    progress = turn(
      progress,
      chosen.map((token, r) => (open[r] === true ? token : special.pad)),
      progress === first && copies > 1 ? inputs.map((_, r) => Math.floor(r / copies)) : undefined,
    );
  }
}

function readScores(scores: Tensor): Float32Array {
  return Float32Array.from(scores.dataSync() as Float32Array);
}

/** Beam search; beams of one source are neighbours in the batch. */
async function beamSearch(
  { inputs, options, first, turn }: Run,
  search: Extract<Search, { kind: 'beam' }>,
): Promise<readonly Generated[]> {
  const { settings, special } = options;
  const constrain = constraintsOf(settings, special);
  let states: readonly BeamState[] = inputs.map(() => startBeams(search));
  let width = 1; // rows of the batch for each source
  for (let progress = first, generated = 0; ; generated++) {
    const scores = readScores(progress.reading.scores);
    const last = generated === settings.maxNewTokens - 1;
    states = states.map((state, i) => {
      if (state.done) return state;
      const rows = state.running.map(({ tokens }, k) => {
        const row = rowOf(scores, inputs.length * width, i * width + k);
        constrain?.(row, [...(inputs[i] as readonly number[]), ...tokens], generated);
        return row;
      });
      return advance(state, rows, search, { end: special.end, last });
    });
    if (states.every(({ done }) => done))
      return states.map(({ finished: [best] }) => ({ tokens: best?.tokens ?? [], score: best?.score ?? null }));
    await nextTurn();
    const offset = width;
    const beams = states.flatMap(({ running }, i) =>
      running.map((beam) => ({
        token: beam.tokens[beam.tokens.length - 1] as number,
        parent: i * offset + Math.min(beam.parent, offset - 1),
      })),
    );
    progress = turn(
      progress,
      beams.map(({ token }) => token),
      beams.map(({ parent }) => parent),
    );
    width = search.beams;
  }
}
