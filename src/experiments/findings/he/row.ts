import type { Link } from '../../statistics/link';
import type { Setting } from '../../studies/setting';
import { claims, type Claims } from '../finding';
import type { Standing } from '../verdict';

/** A finding of He et al. 2021 as its notebook declares it. */
export interface Row {
  readonly id: string;
  readonly source: string;
  readonly text: string;
  readonly standing?: Standing;
  readonly links: readonly Link[];
  readonly mute?: string;
  readonly worstOf?: number;
}

/** Classification, in the part of MNLI or SST-2. */
export const onTableTwo = ({ block }: Pick<Setting<'full'>, 'block'>): Claims =>
  claims(block.name, block.task, 'Table 2');
/** Summarisation on the model that is really pretrained, in the part of XSum. */
export const onSummarisation = (...tables: readonly string[]): Claims => claims('summarisation', 'synopsis', ...tables);
/** Translation with the second base, in the part of WMT16 en-ro. */
export const onSecondBase = (...tables: readonly string[]): Claims =>
  claims('translation', 'english-romanian', ...tables);
/** Summarisation on the project's own base, in the part of XSum. @param tables of the published numbers, the first that prints one counts */
export const onXsum = (study: string, ...tables: readonly string[]): Claims => claims(study, 'synopsis', ...tables);
/** Translation, in the part of WMT16 en-ro. */
export const onTranslation = (study: string, ...tables: readonly string[]): Claims =>
  claims(study, 'english-romanian', ...tables);
export const both = (
  study: string,
  tables: readonly string[],
  links: (on: Claims) => readonly Link[],
): readonly Link[] => [onXsum(study, ...tables), onTranslation(study, ...tables)].flatMap(links);
