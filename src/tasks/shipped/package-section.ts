import { DEBIAN_INDEX, DEBIAN_SECTIONS, readDebianIndex, readDebianSections } from '../debian';
import type { DebianPackage } from '../debian-lists';
import { classificationTask, type ClassificationExample, type ClassificationTask } from '../classification';
import { labelledData } from '../labelled';
import type { TaskData } from '../task';

/** Sections that say what a package is for; those that say what it is made of (libdevel, oldlibs, debug) are left out. */
const labels = [
  ...['admin', 'comm', 'database', 'devel', 'doc', 'editors', 'education', 'electronics', 'fonts', 'games'],
  ...['gnome', 'graphics', 'kde', 'mail', 'math', 'net', 'science', 'sound', 'utils', 'web'],
] as const;

/** The section of a Debian package from its synopsis and the beginning of its description, 20 classes. */
export const packageSection: ClassificationTask = classificationTask({
  name: 'package-section',
  about: 'Debian package descriptions, one of 20 sections',
  packages: [DEBIAN_INDEX, DEBIAN_SECTIONS],
  labels,
  metric: 'macro-f1',
  load: () =>
    Promise.resolve().then(() => {
      const index = readDebianIndex();
      return sectionData(index.packages, readDebianSections(index));
    }),
});

/** Divided by source package, as wherever the index is read. */
export function sectionData(
  packages: readonly DebianPackage[],
  sections: Readonly<Record<string, string>>,
): TaskData<ClassificationExample> {
  const rows = packages.flatMap(({ name, source, synopsis, description }) => {
    const label = labels.findIndex((section) => section === sections[name]);
    if (label < 0) return [];
    const text = `${synopsis}. ${description.split('\n')[0] ?? ''}`.slice(0, 600);
    return [{ id: name, text, label, group: `source package ${source}` }];
  });
  return labelledData('package-section', rows, { train: 12_000, validation: 1000, test: 2000 });
}
