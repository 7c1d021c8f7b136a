import { fieldNames } from '../../experiments/store/where';
import type { RunEntry } from '../../experiments/store/entry';
import { runTable } from '../run-list';
import { tableBox } from './parts';

/** Every run in a table; its name opens all that its record says of it. */
export function runsPart(entries: readonly RunEntry[]): string {
  const fields = Object.keys(fieldNames) as (keyof RunEntry)[];
  const data = { fields, columns: fields.map((name) => columnOf(entries.map((entry) => entry[name]))) };
  let run = 0;
  const box = tableBox(runTable(entries), 'runs').replace(
    /(<td[^>]*>)([^<]*)(<\/td><\/tr>)/g, // the last cell of each line is the run's name
    (_, start: string, name: string, end: string) => `${start}<button data-run="${run++}">${name}</button>${end}`,
  );
  return `<section id="runs" aria-labelledby="runs-title">
<h2 id="runs-title">Runs</h2>
<p>The name of a run opens its settings, counts and environment. The same in a terminal: <code>npx petl runs</code></p>
${box}
<script type="application/json" id="runs-data">${JSON.stringify(data).replace(/</g, '\\u003c')}</script>
<dialog id="run" aria-labelledby="run-title">
<h2 id="run-title">Run</h2>
<dl></dl>
<p>Again, and compared number by number: <code></code></p>
<form method="dialog"><button>Close</button></form>
</dialog>
</section>`;
}

/** The values of a field by run; where they repeat, each once, and which one a run has. */
function columnOf<T>(values: readonly T[]): { readonly values: readonly T[]; readonly at?: readonly number[] } {
  const places = new Map([...new Set(values)].map((value, i) => [value, i]));
  if (2 * places.size > values.length) return { values };
  return { values: [...places.keys()], at: values.map((value) => places.get(value) ?? 0) };
}
