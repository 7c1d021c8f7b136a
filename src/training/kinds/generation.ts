import { compile } from '../../engine/compile';
import type { ProgramTimes } from '../../engine/program';
import type { Tensors } from '../../engine/tf';
import { disposeTree } from '../../engine/tree';
import { UserError } from '../../errors';
import type { Batch } from '../../model/batch';
import { Generator } from '../../model/generation/generate';
import type { LanguageBatch } from '../../model/language';
import type { ModelShape } from '../../model/shape';
import { longestText } from '../../model/shapes';
import { adaptationFor } from '../../petl/forms/adaptation';
import type { Method } from '../../petl/design/types';
import { writePrompts } from '../../petl/forms/generator';
import { generatorNames } from '../../petl/forms/generator-parts';
import { promptLength } from '../../petl/forms/modify';
import { generationTask, type GenerationExample, type GenerationTask } from '../../tasks/generation';
import { lineScores } from '../../tasks/metrics/answers';
import { sourceAndTarget, type Segments } from '../../tasks/segments';
import { take, type Draw } from '../data';
import { generatorOf } from '../generator';
import type { TargetSettings, TrainingJob } from '../job';
import type { Own } from '../learner';
import type { PairForm } from '../pairs/form';
import { uploadReads } from '../pairs/reads';
import { roomIn } from '../room';
import { oneStack } from '../pairs/one-stack';
import { twoStacks } from '../pairs/two-stacks';
import { writeSamples, writeTargets, writeTexts, type Writing } from '../write';
import { noWriter } from '../writer';
import { defineKind, type Opened, type TaskKind, type TrainingModel } from './kind';
import * as says from './says';
import { demandText, withoutExamples } from './texts';

/** What opening a task of pairs asks of it: a mixture also says what an epoch draws, and which part an example is of. */
export interface WritingTask extends Pick<GenerationTask, 'name' | 'metric' | 'languages' | 'segments'> {
  /** A target that does not fit is refused, not cut. */
  readonly wholeTargets?: boolean;
  readonly draw?: Draw;
  readonly partOf?: (example: GenerationExample) => string;
}

interface WritingNote extends Pick<GenerationTask, 'languages'> {
  readonly targetTokens: number;
  readonly segments?: Segments | null;
}

/**
 * Targets for sources, by an encoder-decoder or by a decoder alone: learned and scored by the likelihood of the target,
 * answered and written as text.
 */
export const generation: TaskKind = defineKind<GenerationTask, GenerationExample, LanguageBatch, WritingNote>({
  name: 'generation',
  note: ({ kind, name, languages, writes, segments }) => ({
    ...{ kind, name, languages, targetTokens: writes?.tokens ?? 0 },
    ...(segments && { segments }),
  }),
  says: { languages: says.languages, targetTokens: says.size, segments: says.segments },
  noted: ({ segments = null, ...note }) => generationTask({ ...note, segments, load: withoutExamples(note.name) }),
  pairs: false,
  check: ({ name }, data) => demandText(name, data),
  programs: ({ name: _, ...task }) => ({ ...task, load: null, print: null, about: null }), // languages and lengths are theirs
  open: openPairs,
});

/** A task of pairs on a model: shared by kinds whose examples are a source and a target. */
export function openPairs(
  model: TrainingModel,
  task: WritingTask,
  job: TrainingJob,
): Opened<GenerationExample, LanguageBatch> {
  const { backbone, tokenizer, special } = model;
  const formOf = (run: TrainingJob): PairForm => pairForm(model, task, run);
  formOf(job); // refuses what does not go together before anything is compiled
  const { encoder } = model;
  const learner = generatorOf(backbone, job.method, job.training, { encoder: encoder?.backbone, metric: task.metric });
  const how = { engine: job.engine, precision: job.training.precision };
  const generator = new Generator(backbone, adaptationFor(job.method, backbone.shape), how);
  const prompts = promptsOf(model, job);
  const writing = (own: Own, run: TrainingJob): Writing & { readonly tensors: Tensors } => {
    const tensors = { ...own.variables, ...own.constants };
    return {
      generator,
      tokenizer,
      special,
      form: formOf(run),
      target: targetOf(task.name, run.training.target),
      tensors,
      tell: run.tell,
      prompts: (reads) => prompts.write(tensors, reads),
    };
  };
  return {
    learner,
    score: (own, batch) => learner.score(own, batch),
    ...(task.metric === 'answer-match' && {
      judge: async (own: Own, examples: readonly GenerationExample[], run: TrainingJob) => {
        const { texts } = await writeTexts(writing(own, run), examples);
        return examples.map(({ target }, i) => lineScores(texts[i] ?? '', [target]).exact);
      },
    }),
    head: () => ({}),
    prepare: (data, run) => formOf(run).prepare(data, run, task.draw),
    ...(task.partOf && { part: task.partOf }),
    predict: async (own, inputs, run) => {
      const examples = inputs.map(({ text }, i) => ({ id: String(i), text, target: ' ' }));
      const { texts, ended } = await writeTexts(writing(own, run), examples);
      return texts.map((text, i) => ({ kind: 'text', text, ended: ended[i] === true }));
    },
    sample: async (own, examples, run, how) => writeSamples(writing(own, run), examples, { ...how, seed: run.seed }),
    write: async (own, tests, run) => {
      const examples = take(tests, targetOf(task.name, run.training.target).decoded);
      return examples.length === 0 ? null : await writeTargets(writing(own, run), examples);
    },
    times: () => prompts.times(),
    dispose: () => {
      generator.dispose();
      prompts.dispose();
    },
  };
}

/** Prompts of texts that a generator reads, as a program of its own: written once, before a text is. */
function promptsOf(
  { backbone, encoder }: TrainingModel,
  { method: { prompt }, engine, training }: TrainingJob,
): {
  readonly write: (tensors: Tensors, reads: readonly ArrayLike<number>[]) => Tensors;
  readonly times: () => readonly ProgramTimes[];
  readonly dispose: () => void;
} {
  const program = compile(
    (tensors: Tensors, texts: Batch) => {
      if (prompt.kind !== 'written') throw new Error('the method writes no prompts');
      const reader = prompt.encoder.kind === 'own' ? backbone : (encoder?.backbone ?? backbone);
      return { [generatorNames.written]: writePrompts(prompt, reader, texts, tensors) };
    },
    engine,
    training.precision,
  );
  return {
    write: (tensors, reads) => {
      const texts = uploadReads(reads);
      const written = program(tensors, texts);
      disposeTree(texts);
      return written;
    },
    times: () => program.times(),
    dispose: () => {
      program.dispose();
    },
  };
}

function pairForm(
  { name, backbone, tokenizer, special, encoder }: TrainingModel,
  task: WritingTask,
  { method, training }: TrainingJob,
): PairForm {
  const { shape } = backbone;
  const { encoderLayers, decoderLayers } = shape;
  const { start, end } = special;
  const room = { source: roomIn('encoder', method, backbone.shape), target: roomIn('decoder', method, backbone.shape) };
  const limits = {
    source: training.maxLength,
    target: targetOf(task.name, training.target).maxLength,
    end,
    room,
    segments: task.segments,
    wholeTargets: task.wholeTargets ?? task.segments !== null,
  };
  demandSegments(task, method, shape);
  const prompt = promptLength(method);
  const longest = (encoder && longestText(encoder.backbone.shape)) ?? Infinity;
  const reading = { prompt: method.prompt, tokenizer: encoder?.tokenizer, room: longest };
  if (decoderLayers === 0) throw noWriter(task.name, name);
  if (encoderLayers === 0) return oneStack(tokenizer, limits, prompt, reading);
  if (start === null) throw new UserError(`model "${name}" names no decoder_start_token_id: add it to its config.json`);
  return twoStacks(tokenizer, { ...limits, start, languages: task.languages }, prompt, reading);
}

/** Every segment has a row; in two stacks a target's segments are its source's no more. */
function demandSegments(task: WritingTask, { name, modifications }: Method, { encoderLayers }: ModelShape): void {
  const rows = modifications.flatMap(({ form }) => (form.kind === 'lookup' ? [form.rows] : []));
  if (rows.length === 0) return;
  if (encoderLayers > 0)
    throw new UserError(
      `method "${name}" has task embeddings, which decoders alone read here: choose one such as petl-mini-lm`,
    );
  const needed = (task.segments ?? sourceAndTarget).names.length;
  if (Math.min(...rows) < needed)
    throw new UserError(
      `task "${task.name}" has ${needed} segments and method "${name}" rows for ${Math.min(...rows)}: write segments:n=${needed}`,
    );
}

function targetOf(task: string, target: TargetSettings | null): TargetSettings {
  if (target !== null) return target;
  throw new UserError(`task "${task}" writes texts, and the run has no settings for its targets: give training.target`);
}
