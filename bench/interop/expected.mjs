// What the exchange is expected to give, cell by cell: expected.json holds { "library method direction": { state:
// "family family" } }.
// A run that gives less for one of them has lost something, even where the rest still agrees.

const worth = { ok: 2, lossy: 1, skipped: 1, failed: 0 };
const caseOf = ({ library, method, direction }) => `${library} ${method} ${direction}`;

/** One row a cell, the worst where both sides' methods of one name fill it. */
function cellsOf(rows) {
  const cells = new Map();
  for (const row of rows) {
    const key = `${caseOf(row)} ${row.family}`;
    if (!cells.has(key) || worth[row.state] < worth[cells.get(key).state]) cells.set(key, row);
  }
  return cells;
}

/** The rows of a run as expected.json holds them. */
export function expectationOf(rows) {
  const cases = {};
  for (const row of cellsOf(rows).values()) ((cases[caseOf(row)] ??= {})[row.state] ??= []).push(row.family);
  const sorted = (object, of) =>
    Object.fromEntries(
      Object.keys(object)
        .sort()
        .map((key) => [key, of(object[key])]),
    );
  return sorted(cases, (states) => sorted(states, (families) => families.sort().join(' ')));
}

/**
 * Cells that are worse than expected, failed, or not there, one line each.
 * @param covers whether the run was to give a cell, so that a part of the proof misses nothing
 */
export function worseThan(expected, rows, covers = () => true) {
  const wanted = Object.entries(expected).flatMap(([name, states]) =>
    Object.entries(states).flatMap(([state, families]) =>
      families.split(' ').map((family) => ({ name, family, state })),
    ),
  );
  const found = cellsOf(rows);
  const lost = wanted.flatMap(({ name, family, state }) => {
    const now = found.get(`${name} ${family}`)?.state;
    if (now === undefined)
      return covers({ library: name.split(' ')[0], method: name.split(' ').slice(1, -1).join(' '), family })
        ? [`${name} on ${family}: missing, expected ${state}`]
        : [];
    return worth[now] < worth[state] ? [`${name} on ${family}: ${now}, expected ${state}`] : [];
  });
  const known = new Set(wanted.map(({ name, family }) => `${name} ${family}`));
  const strange = [...found.values()]
    .filter((row) => row.state !== 'ok' && !known.has(`${caseOf(row)} ${row.family}`))
    .map((row) => `${caseOf(row)} on ${row.family}: ${row.state}, and not in expected.json`);
  return [...lost, ...strange];
}
