/** What the page does by itself: tables are filtered and sorted, a run's row opens to all that is known of it. */
export const script = `
const text = (row, column) => row.cells[column]?.textContent ?? '';
const numberOf = (text) => Number.parseFloat(text.replaceAll(',', ''));
const beginsAsNumber = /^[-+]?[\\d.]/;
const isNumber = /^[-+]?(\\d[\\d,]*)?(\\.?\\d*)?(e[-+]?\\d+)?(?![\\w.])/;
// names of runs are hexadecimal: a column of numbers has nothing else that begins as one
function compareIn(texts) {
  const numeric = texts.every((one) => !beginsAsNumber.test(one) || isNumber.test(one));
  return (a, b) => {
    const [x, y] = numeric ? [numberOf(a), numberOf(b)] : [NaN, NaN];
    return Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b) : x - y;
  };
}
function sort(table, heads, column) {
  const down = heads[column].getAttribute('aria-sort') === 'ascending';
  heads.forEach((head) => head.setAttribute('aria-sort', 'none'));
  heads[column].setAttribute('aria-sort', down ? 'descending' : 'ascending');
  const rows = [...table.tBodies[0].rows];
  const compare = compareIn(rows.map((row) => text(row, column)));
  rows.sort((a, b) => (down ? -1 : 1) * compare(text(a, column), text(b, column)));
  table.tBodies[0].append(...rows);
}
function filter(table, words, said) {
  const wanted = words.toLowerCase().split(/\\s+/).filter(Boolean);
  let shown = 0;
  for (const row of table.tBodies[0].rows) {
    const line = row.textContent.toLowerCase();
    row.hidden = !wanted.every((word) => line.includes(word));
    shown += row.hidden ? 0 : 1;
  }
  said.textContent = shown + ' of ' + table.tBodies[0].rows.length + ' rows';
}
for (const box of document.querySelectorAll('.table')) {
  const table = box.querySelector('table');
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement('button');
    button.textContent = head.textContent;
    head.replaceChildren(button);
    head.setAttribute('aria-sort', 'none');
    button.addEventListener('click', () => sort(table, heads, column));
  });
  const input = box.querySelector('input');
  input?.addEventListener('input', () => filter(table, input.value, box.querySelector('output')));
}
const runs = JSON.parse(document.getElementById('runs-data').textContent);
const dialog = document.getElementById('run');
document.querySelector('#runs tbody').addEventListener('click', (event) => {
  const button = event.target.closest('button');
  if (!button) return;
  const run = Number(button.dataset.run);
  const values = runs.columns.map(({ values, at }) => values[at ? at[run] : run]);
  dialog.querySelector('h2').textContent = button.textContent;
  dialog.querySelector('dl').replaceChildren(
    ...runs.fields.flatMap((name, i) => {
      const [term, value] = [document.createElement('dt'), document.createElement('dd')];
      term.textContent = name;
      value.textContent = String(values[i] ?? 'unknown');
      return [term, value];
    }),
  );
  dialog.querySelector('code').textContent = 'npx petl verify results/' + values[0];
  dialog.showModal();
});
`;

export const style = `
:root { color-scheme: light dark; --ink: #1f2933; --soft: #52606d; --page: #ffffff; --line: #cbd2d9; --link: #0b5cad }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e7eb; --soft: #b8c1cc; --page: #15191e; --line: #3e4c59; --link: #7cc0ff }
}
* { box-sizing: border-box }
body { margin: 0 auto; padding: 16px; max-width: 1040px; color: var(--ink); background: var(--page);
  font: 15px/1.45 Arimo, Arial, Helvetica, 'Liberation Sans', sans-serif }
a { color: var(--link) } h1 { font-size: 24px } h2 { font-size: 19px; margin-top: 2em } h3 { font-size: 16px }
p, li { max-width: 76ch } .soft { color: var(--soft) }
.skip { position: absolute; left: -999px } .skip:focus { position: static }
nav ul { columns: 16em; padding-left: 1.2em }
figure { margin: 1em 0; overflow-x: auto } figure > svg { width: 100%; max-width: max-content; min-width: 620px; height: auto; border-radius: 4px }
@media (prefers-color-scheme: dark) { figure > svg { filter: invert(0.9) hue-rotate(180deg) } }
.scroll { overflow-x: auto; max-height: 32em }
table { border-collapse: collapse; font-size: 13px; text-align: left } .r { text-align: right } th, td { padding: 3px 8px; vertical-align: top }
thead th { position: sticky; top: 0; background: var(--page); border-bottom: 1px solid var(--line) }
#runs td:nth-child(n + 4) { white-space: nowrap }
tbody tr { border-bottom: 1px solid var(--line) }
th button, td button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer }
td button { color: var(--link); text-decoration: underline }
th[aria-sort=ascending] button::after { content: ' \\2191' } th[aria-sort=descending] button::after { content: ' \\2193' }
input { font: inherit; padding: 4px 8px; width: 22em; max-width: 100% } label { display: block; margin: 8px 0 }
code, pre { font-family: 'Liberation Mono', Menlo, Consolas, monospace; font-size: 13px }
dialog { max-width: 44em; color: var(--ink); background: var(--page); border: 1px solid var(--line); border-radius: 6px }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 14px } dt { color: var(--soft) } dd { margin: 0; overflow-wrap: anywhere }
`;
