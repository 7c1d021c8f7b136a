import type { LanguageBatch } from '../../model/language';
import type { GenerationExample } from '../../tasks/generation';
import { drawMixture, partOf, type MixtureTask } from '../../tasks/mixture';
import type { Segments } from '../../tasks/segments';
import { openPairs } from './generation';
import { defineKind, type TaskKind } from './kind';
import { demandText, withoutExamples } from './texts';

/** Several tasks of pairs as one: examples are drawn by temperature, and every task counts as much in the score. */
export const mixtures: TaskKind = defineKind<MixtureTask, GenerationExample, LanguageBatch>({
  name: 'mixture',
  note: ({ kind, name, parts, temperature, writes, segments }) => ({
    kind,
    name,
    parts,
    temperature,
    targetTokens: writes?.tokens ?? 0,
    ...(segments && { segments }),
  }),
  noted: ({ name, parts, temperature, targetTokens, segments }) => ({
    kind: 'mixture',
    name,
    about: name,
    packages: [],
    metric: 'nll',
    outputs: 0,
    writes: { tokens: targetTokens as number, score: 'rouge2' },
    print: null,
    own: null,
    parts: parts as readonly string[],
    temperature: temperature as number,
    segments: (segments ?? null) as Segments | null,
    load: withoutExamples(name),
  }),
  check: ({ name }, data) => demandText(name, data),
  programs: ({ name: _, ...task }) => ({ ...task, load: null, print: null, about: null }),
  open: (model, task, job) =>
    openPairs(
      model,
      {
        name: task.name,
        metric: task.metric,
        languages: null,
        segments: task.segments,
        wholeTargets: true,
        partOf,
        draw: (examples, order) => drawMixture(examples, task.temperature, order),
      },
      job,
    ),
});
