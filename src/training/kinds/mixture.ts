import type { LanguageBatch } from '../../model/language';
import type { GenerationExample } from '../../tasks/generation';
import { drawMixture, partOf, type MixtureTask } from '../../tasks/mixture';
import { checkedSegments, type Segments } from '../../tasks/segments';
import { openPairs } from './generation';
import { defineKind, type TaskKind } from './kind';
import * as says from './says';
import { demandText, withoutExamples } from './texts';

interface MixtureNote extends Pick<MixtureTask, 'parts' | 'temperature'> {
  readonly targetTokens: number;
  readonly segments?: Segments | null;
}

/** Several tasks of pairs as one: examples are drawn by temperature, and every task counts as much in the score. */
export const mixtures: TaskKind = defineKind<MixtureTask, GenerationExample, LanguageBatch, MixtureNote>({
  name: 'mixture',
  note: ({ kind, name, parts, temperature, writes, segments }) => ({
    kind,
    name,
    parts,
    temperature,
    targetTokens: writes?.tokens ?? 0,
    ...(segments && { segments }),
  }),
  says: { parts: says.names, temperature: says.above0, targetTokens: says.size, segments: says.segments },
  noted: ({ name, parts, temperature, targetTokens, segments }) => ({
    kind: 'mixture',
    name,
    about: name,
    packages: [],
    metric: 'nll',
    outputs: 0,
    writes: { tokens: targetTokens, score: 'rouge2' },
    print: null,
    own: null,
    parts,
    temperature,
    segments: segments ? checkedSegments(name, segments) : null,
    load: withoutExamples(name),
  }),
  pairs: false,
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
