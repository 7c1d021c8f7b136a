import * as v from 'valibot';
import { compile } from '../../engine/compile';
import { UserError } from '../../errors';
import { promptLength } from '../../petl/forms/modify';
import { evaluationBatches } from '../../tasks/batches';
import { spanTask, type SpanExample, type SpanTask } from '../../tasks/answer-spans';
import { planBatches } from '../../tasks/plan';
import { prepare, readyFor } from '../prepare';
import type { TrainingJob } from '../job';
import type { Own } from '../learner';
import { roomIn } from '../room';
import { bestAnswers, evaluateSpans, windowLogits, type WindowLogits } from '../span-answers';
import { spanBatching } from '../span-batches';
import { spanReaderOf, type SpanBatch } from '../span-reader';
import { defineKind, type Reading, type TaskKind } from './kind';
import { demandEncoder, newHead } from './pooled';
import { demandText, withoutExamples } from './texts';

/**
 * Answers found in texts by a frozen encoder with a head that points at their first and last token. Texts are read in
 * windows; the score is SQuAD's F1 or exact match.
 */
export const span: TaskKind = defineKind<SpanTask, SpanExample, SpanBatch, Pick<SpanTask, 'metric'>>({
  name: 'span',
  note: ({ kind, name, metric }) => ({ kind, name, metric }),
  says: { metric: v.picklist(['span-f1', 'exact-match']) },
  noted: ({ name, metric }) => spanTask({ name, metric, load: withoutExamples(name) }),
  check: ({ name }, data) => {
    demandText(name, data);
    for (const { id, pair, answers } of Object.values(data).flat()) {
      const wrong = answers.find(({ text, start }) => text === '' || !pair.startsWith(text, start));
      if (wrong !== undefined || answers.length === 0)
        throw new UserError(
          `task "${name}", example ${id}: ${wrong === undefined ? 'it has no answer' : `the answer "${wrong.text}" does not stand at ${wrong.start} of its text`}: leave the example out`,
        );
    }
  },
  programs: () => null,
  pairs: true,
  pointsAtTokens: true,
  open: ({ name, backbone, tokenizer }, task, job) => {
    demandEncoder(task, { name, decoderLayers: backbone.shape.decoderLayers });
    if (job.training.labelSmoothing > 0)
      throw new UserError(`task "${task.name}" is learned without label smoothing: set training.labelSmoothing to 0`);
    const prompt = promptLength(job.method);
    const reader = spanReaderOf(backbone, job.method, job.training);
    const program = compile(
      (own: Own, shards: readonly SpanBatch[]) => shards.map((shard) => reader.score(own, shard)),
      job.engine,
      job.training.precision,
      (_, shards) => shards.length,
    );
    const batching = (run: TrainingJob): ReturnType<typeof spanBatching> =>
      spanBatching(tokenizer, run.training.maxLength, { prompt, room: roomIn('encoder', run.method, backbone.shape) });
    const read = (own: Own, inputs: readonly Reading[], run: TrainingJob): readonly WindowLogits[] => {
      const { encode, uploader, labels } = batching(run);
      const rows = encode(inputs.map(({ text, pair }, i) => ({ id: String(i), text, pair: pair ?? '', answers: [] })));
      const plan = planBatches(
        rows.map(({ ids }) => ids.length),
        { size: Math.min(16, rows.length) },
      );
      const batches = evaluationBatches(rows, plan);
      return windowLogits(program, batches.map(readyFor(batches, { uploader, labels })), own, prompt);
    };
    return {
      learner: reader,
      evaluate: (own, part, examples) => evaluateSpans(program, part, own, { metric: task.metric, prompt, examples }),
      head: (seed) => newHead(backbone.shape.width, task.outputs, seed),
      prepare: (data, run) => prepare(data, run, batching(run)),
      predict: (own, inputs, run) => {
        const found = bestAnswers(read(own, inputs, run), inputs.length);
        return Promise.resolve(
          found.map(({ start, end, logit }, i) => {
            const text = (inputs[i]?.pair ?? '').slice(start, end);
            return { kind: 'span', text, start, end, logit } as const;
          }),
        );
      },
      outputs: (own, inputs, run) => {
        const windows = read(own, inputs, run);
        return Promise.resolve(
          inputs.map((_, i) => {
            const parts = windows
              .filter(({ window }) => window.index === i)
              .flatMap(({ starts, ends }) => [starts, ends]);
            return Float32Array.from(parts.flatMap((part) => Array.from(part)));
          }),
        );
      },
      write: () => Promise.resolve(null),
      times: () => program.times(),
      dispose: () => {
        program.dispose();
      },
    };
  },
});
