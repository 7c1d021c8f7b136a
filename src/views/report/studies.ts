import { rowsOfStudy } from '../../experiments/store/rows';
import { plansOf, type Study } from '../../experiments/studies/study';
import type { Figure } from '../../plots/figure';
import { escapeXml } from '../../plots/fonts';
import { dataUrl, numbersCsv } from '../../plots/html';
import type { Table } from '../../plots/table';
import { figureSvg } from '../../plots/svg';
import { shownOf, studyFigures } from '../export-study';
import { resultTable } from '../result-table';
import { idOf, tableBox } from './parts';

/** One study: what it asks, its figures and table, and how to make it again. */
export async function studyPart(study: Study): Promise<string> {
  const { name, title, source, rows: catalogue, notebook, tier } = study;
  const rows = rowsOfStudy(study);
  const places = plansOf(study).map(({ spec }) => spec);
  const figures: string[] = [];
  for (const figure of studyFigures({ name, title, tier, rows, places, ...shownOf(study) }))
    figures.push(await picture(figure));
  const shows = catalogue.length > 0 ? `, rows ${catalogue.join(', ')} of the catalogue` : '';
  return `<section id="${idOf(name)}" aria-labelledby="${idOf(name)}-title">
<h2 id="${idOf(name)}-title">${escapeXml(title)}</h2>
<p class="soft">${escapeXml(source)}${shows}; told in ${escapeXml(notebook)}; ${rows.length} runs.
Again: <code>npx petl study ${escapeXml(name)} --tier ${tier}</code></p>
${figures.join('\n')}
${tableBox(withoutEmpty(resultTable(study)), title)}
</section>`;
}

/** A still picture that scales with the page, with its numbers to take along. */
async function picture(figure: Figure): Promise<string> {
  const svg = await figureSvg(figure);
  return `<figure>
${svg.trim()}
<figcaption><a download="${escapeXml(figure.name)}.csv" href="${dataUrl('text/csv', numbersCsv(figure))}">the numbers of this figure</a></figcaption>
</figure>`;
}

/** Without variants that have not run. */
function withoutEmpty(table: Table): Table {
  const kept = table.rows.flatMap((row, r) => (row[row.length - 1] === '' ? [] : [r]));
  const best = (table.best ?? []).flatMap(([r, c]) => (kept.includes(r) ? [[kept.indexOf(r), c] as const] : []));
  return { ...table, rows: kept.map((r) => table.rows[r] ?? []), best };
}
