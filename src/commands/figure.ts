import { existsSync } from 'node:fs';
import { UserError } from '../errors';
import { believed } from '../experiments/store/damage';
import { isFinished, readStudyFolder } from '../experiments/store/read';
import type { RunRecord } from '../experiments/store/record';
import { rowOf, rowsOfStudy } from '../experiments/store/rows';
import { runPath, studyFolder, type Tier } from '../experiments/store/spec';
import { studies, studyNamed } from '../experiments/studies';
import { plansOf, type Study } from '../experiments/studies/study';
import { groupBy } from '../plots/summary';
import type { RunRow } from '../rows';
import type { BundleOf } from '../views/bundle';
import { exportFigures, exportRows, shownOf, type NamedRows, type StudyFormat } from '../views/export-study';
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

/** Rows with where they come from: a paper, or one's own question. */
export interface StoredStudy extends NamedRows {
  readonly source: string;
  readonly tier: Tier;
}

function named(study: Study, rows: readonly RunRow[]): StoredStudy {
  const { name, title, tier, source } = study;
  return { name, title, tier, source, rows, places: plansOf(study).map(({ spec }) => spec), ...shownOf(study) };
}

/** What is on disk of a shipped study, or of one of one's own: `own/NAME`, or NAME alone. */
export function storedStudy(name: string, tier: Tier): StoredStudy {
  if (Object.hasOwn(studies, name)) {
    const study = studyNamed(name, tier);
    return named(study, rowsOfStudy(study));
  }
  const own = name.replace(/^own\//, '');
  if (!/^[\w.-]+$/.test(own) || /^\.+$/.test(own) || !existsSync(studyFolder(`own/${own}`, 'full')))
    throw new UserError(
      `unknown study "${name}": choose from ${Object.keys(studies).join(', ')}, or one of your own below results/own`,
    );
  const rows = newestOf(own).flatMap(rowOf);
  return { name: own, title: own, tier: 'full', source: 'own', rows, places: rows };
}

/**
 * What was last run of a study of one's own, whose definition nothing here knows: on the newest data and model, and of
 * each variant and seed the newest. Says how many older runs that leaves out.
 */
function newestOf(own: string): readonly RunRecord[] {
  const all = [...readStudyFolder(`own/${own}`, 'full').flatMap(believed)].sort((a, b) =>
    b.run.started.localeCompare(a.run.started),
  );
  const place = ({ run }: RunRecord): string => `${run.spec.task} ${run.spec.model}`;
  const now = all.filter((record) => place(record) === place(all[0] as RunRecord));
  const newest = [...groupBy(now, ({ run }) => `${run.label} ${run.spec.seed}`).values()].flatMap((same) =>
    same.slice(0, 1),
  );
  const older = all.length - newest.length;
  if (older > 0)
    process.stderr.write(`${own}: ${older} older ${older === 1 ? 'run' : 'runs'} of other data or settings left out\n`);
  return newest.sort((a, b) => (a.run.id < b.run.id ? -1 : 1));
}

/** The finished runs of a study, for its archive. */
export function bundleOf(name: string, tier: Tier): BundleOf {
  const of = storedStudy(name, tier);
  const stored = Object.hasOwn(studies, name)
    ? plansOf(studyNamed(name, tier))
    : newestOf(of.name).map(({ run: { spec, label } }) => ({ spec, label }));
  const runs = stored.map(({ spec, label }) => ({ path: runPath(spec), label }));
  const { name: called, title, scores = title, places } = of;
  // an archive draws scores from result files alone
  return { name: called, title: scores, tier: of.tier, places, runs: runs.filter(({ path }) => isFinished(path)) };
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
    ...(wish.x === undefined ? {} : { x: wish.x }),
  });
}
