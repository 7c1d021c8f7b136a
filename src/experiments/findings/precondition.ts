import { UNTRAINED, type Link, type Tested } from '../statistics/link';
import type { RunRecord } from '../store/record';
import { randomOf } from '../studies/base-gate';

/** What must hold before a comparison may confirm or contradict anything, with the figure that says so. */
export interface Precondition {
  readonly name: 'seeds' | 'control' | 'gate' | 'room' | 'rates' | 'flat' | 'learnt' | 'power' | 'metrics agree';
  readonly held: boolean;
  readonly figure: string;
  /** Of power that is lacking: of how many seeds the gap would be seen; null where not even `mostSeeds` would do. */
  readonly seeds?: number | null;
}

export const at = (name: Precondition['name'], held: boolean, figure: string): Precondition => ({ name, held, figure });
export const short = (value: number): string => value.toPrecision(2);

/** Runs of a model as it is learn nothing, at no rate. */
export const trainedIn = ({ groups }: Tested): readonly RunRecord[] =>
  groups.flat().filter(({ run }) => run.spec.training.learningRate > UNTRAINED);

/** The weight of a variant in the difference: above 0 on the first side. */
export function signOf(link: Link, place: number): number {
  const weight = (link.kind === 'ratio' ? undefined : link.weights)?.[place] ?? 1;
  return place < link.first.length ? weight : -weight;
}

/** The same network from random weights is a rival of its base and has none itself. */
export function modelsIn({ groups }: Tested): readonly string[] {
  const models = [...new Set(groups.flat().map(({ run }) => run.spec.model))];
  return models.filter((name) => !models.some((base) => name === randomOf(base)));
}
