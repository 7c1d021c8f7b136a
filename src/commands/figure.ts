import { existsSync } from 'node:fs';
import { UserError } from '../errors';
import { readRows, rowsOfStudy } from '../experiments/store/rows';
import { studyFolder, type Tier } from '../experiments/store/spec';
import { studies, studyNamed } from '../experiments/studies';
import { plansOf, type Study } from '../experiments/studies/study';
import type { Counted } from '../plots/score-plan';
import type { RunRow } from '../rows';
import { exportFigures, exportRows, type NamedRows, type StudyFormat } from '../views/export-study';
import { figuresFolder } from './paths';

/**
 * Writes a study's parameter-score figures, to `results/figures` where no folder is said, those of tier quick to
 * `results/quick/figures`. Returns the paths.
 */
export async function writeFigures(
  study: Study,
  rows: readonly RunRow[],
  folder: string = figuresFolder(study.tier),
): Promise<readonly string[]> {
  return await exportFigures(named(study, rows), folder, { formats: ['svg', 'png', 'html', 'csv'] });
}

function named(study: Study, rows: readonly RunRow[]): NamedRows {
  const { name, title, tier } = study;
  return { name, title, tier, rows, places: plansOf(study).map(({ spec }) => spec) };
}

/** What is on disk of a shipped study, or of one of one's own: `own/NAME`, or NAME alone. */
export function storedStudy(name: string, tier: Tier): NamedRows {
  if (Object.hasOwn(studies, name)) {
    const study = studyNamed(name, tier);
    return named(study, rowsOfStudy(study));
  }
  const own = name.replace(/^own\//, '');
  if (!/^[\w.-]+$/.test(own) || /^\.+$/.test(own) || !existsSync(studyFolder(`own/${own}`, 'full')))
    throw new UserError(
      `unknown study "${name}": choose from ${Object.keys(studies).join(', ')}, or one of your own below results/own`,
    );
  const rows = readRows(`own/${own}`, 'full');
  return { name: own, title: own, tier: 'full', rows, places: rows };
}

export interface ExportWish {
  readonly out?: string;
  readonly formats: readonly string[];
  readonly width?: string;
  readonly x?: string;
}

export async function exportStored(of: NamedRows, tier: Tier, wish: ExportWish): Promise<readonly string[]> {
  return await exportRows(of, wish.out ?? figuresFolder(tier), {
    formats: wish.formats as readonly StudyFormat[],
    ...(wish.width === undefined ? {} : { width: wish.width }),
    ...(wish.x === undefined ? {} : { x: wish.x as Counted }),
  });
}
