// `npm run interop -- --random N --seed S`: N draws of model configurations, of PEFT's and of adapters', each a function
// of the seed and its index. Every draw ends as ok, refused with a reason, wrong or fault; the last two print the line that repeats them.
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureEnvironment } from '../../scripts/bench-env.mjs';
import { judgedDraw, judgedPart, kindOf } from './draws/judge.mjs';
import { ownMethod } from './draws/own.mjs';
import { Side } from './draws/sides.mjs';

const kinds = ['models', 'peft', 'adapters'];
/** The command. @returns the exit code */
export async function random({ random: text, seed = '1', seconds = 'Infinity', only, family, folder: keep }) {
  const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');
  const [count, number] = [Number(text), Number(seed)];
  if (!Number.isInteger(count) || count < 1 || !Number.isInteger(number)) {
    console.error('interop: --random N --seed S take whole numbers, N at least 1');
    return 2;
  }
  const started = Date.now();
  const rows = await randomDraws({
    root,
    count,
    seed: number,
    only,
    families: family?.split(','),
    keep,
    until: Date.now() + 1000 * Number(seconds),
    say: spoken(number),
  });
  const report = {
    seed: number,
    draws: rows.length,
    seconds: Math.round((Date.now() - started) / 1000),
    ...reportOf(rows),
  };
  console.log(written(report));
  if (only === undefined && family === undefined && count >= 3000)
    save(join(root, 'results/interop/random.json'), report);
  return report.bad.length > 0 ? 1 : 0;
}

/** A line for each draw that is wrong or a fault, as it is found; now and then how far all is. */
function spoken(seed) {
  return ({ kind, index, family, method, own, read, state, part, reason }, done, all) => {
    if (state === 'wrong' || state === 'fault')
      console.log(
        `${state}: ${kind}:${index} ${family} ${method ?? ''} [${part}${part === 'own' ? ` ${own}` : ''}${read ? `; ${read}` : ''}] ${reason}\n  again: npm run interop -- --random 1 --seed ${seed} --only ${kind}:${index}`,
      );
    if (done % 100 === 0) console.error(`${done} of ${all}`);
  };
}

function written({ counts, comparisons, refusals, bad, seconds }) {
  const lines = counts.map(
    ({ kind, drawn, ok, refused, wrong, fault, invalid }) =>
      `${kind}: ${ok} computed of ${drawn} (${((100 * ok) / Math.max(1, drawn)).toFixed(1)}%), ${refused} refused, ${wrong} wrong, ${fault} faults, ${invalid} that the library cannot run`,
  );
  return [
    ...refusals.map(({ times, reason }) => `${String(times).padStart(5)}  ${reason}`),
    ...Object.entries(comparisons).map(
      ([part, states]) =>
        `${part}: ${Object.entries(states)
          .map(([state, n]) => `${n} ${state}`)
          .join(', ')}`,
    ),
    ...lines,
    `${bad.length} silently wrong or faults, ${seconds} s`,
  ].join('\n');
}

function save(path, value) {
  writeFileSync(`${path}.partial`, `${JSON.stringify(value, null, 1)}\n`);
  renameSync(`${path}.partial`, path);
}

/** Both Pythons and this side, for as long as `use` takes. `chosen` are the families of a kind of draw. */
export async function withSides(root, use) {
  const scratch = mkdtempSync(join(tmpdir(), 'petl-draws-'));
  const script = join(root, 'bench', 'interop', 'draws', 'side.py');
  const python = (name) => new Side(ensureEnvironment(name), [script], { cwd: root, env: process.env });
  const sides = { 4: python('interop'), 5: python('bench') };
  const here = new Side(process.execPath, [join(root, 'bin', 'petl.cjs'), 'interop-draws'], {
    cwd: root,
    env: process.env,
    greets: true,
  });
  try {
    here.greeting = await here.start();
    const { families, exchanged } = here.greeting;
    const relatives = families.filter((name) => name === 'xlm-roberta');
    const chosen = (kind) => (kind === 'models' ? families : [...exchanged[kind], ...relatives]);
    return await use({ sides, here, chosen, scratch });
  } finally {
    for (const side of [here, ...Object.values(sides)]) side.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** `only` names draws such as `peft:17`; `keep` a folder that takes what is not ok. @returns rows, one for each draw */
export async function randomDraws({ root, count, seed, only, families, keep, until = Infinity, say }) {
  return await withSides(root, async ({ sides, here, chosen, scratch }) => {
    const draws = drawsOf(count, only);
    const rows = [];
    const lane = async (version) => {
      for (const { kind, index } of draws.filter((draw) => versionOf(draw) === version)) {
        if (Date.now() >= until) return;
        const folder = join(scratch, `${kind}-${index}`);
        const order = { kind, families: families ?? chosen(kind), strict: families !== undefined };
        const row = await oneDraw({ ...order, index, seed, folder, side: sides[version], here });
        rows.push({ ...row, version });
        if (keep !== undefined && !['ok', 'invalid'].includes(row.state))
          cpSync(folder, join(keep, `${kind}-${index}`), { recursive: true });
        rmSync(folder, { recursive: true, force: true });
        say?.(row, rows.length, draws.length);
      }
    };
    await Promise.all([lane(4), lane(5)]);
    return rows.sort((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind) || a.index - b.index);
  });
}

function drawsOf(count, only) {
  if (only !== undefined)
    return only.split(',').map((name) => ({ kind: name.split(':')[0], index: Number(name.split(':')[1]) }));
  return Array.from({ length: count }, (_, i) => ({ kind: kinds[i % 3], index: Math.floor(i / 3) }));
}

/** adapters needs transformers 4. */
export const versionOf = ({ kind, index }) => (kind === 'adapters' || index % 2 === 0 ? 4 : 5);

export async function oneDraw({ kind, index, seed, families, folder, side, here, small = false, strict = false }) {
  const key = `${seed}/${kind}/${index}`;
  mkdirSync(folder, { recursive: true });
  const row = { kind, index };
  const made = await side.ask({ do: 'make', kind, key, families, folder, small, strict });
  if (made.ok !== true) return { ...row, state: 'invalid', reason: made.invalid ?? made.died };
  const own = kind === 'models' ? undefined : ownMethod(key, kind);
  const taken = await here.ask({ folder, ...(own !== undefined && { own }) });
  const named = {
    ...row,
    family: made.family,
    ...(made.method !== '' && { method: made.method }),
    ...(own !== undefined && { own }),
  };
  if (taken.died !== undefined) return { ...named, state: 'fault', reason: taken.died };
  const parts = [];
  for (const part of taken.parts) {
    const there = part.folder === undefined ? undefined : await side.ask({ do: 'check', folder, ours: part.folder });
    parts.push({
      part: part.part,
      ...judgedPart(part, there),
      ...(there?.gap !== undefined && { gap: there.gap }),
      ...(part.gap !== undefined && { gap: part.gap }),
    });
  }
  const { state, reason, part } = judgedDraw(parts);
  return {
    ...named,
    ...(taken.method !== undefined && { read: taken.method }),
    state,
    part,
    ...(reason !== undefined && { reason }),
    parts,
  };
}

/** Counts by kind, refusals by reason, and everything that went wrong. */
export function reportOf(rows) {
  const counts = kinds.map((kind) => {
    const mine = rows.filter((row) => row.kind === kind);
    const number = (state) => mine.filter((row) => row.state === state).length;
    const drawn = mine.length - number('invalid');
    return {
      kind,
      drawn,
      ok: number('ok'),
      refused: number('refused'),
      wrong: number('wrong'),
      fault: number('fault'),
      invalid: number('invalid'),
    };
  });
  const reasons = new Map();
  for (const row of rows.filter(({ state }) => state === 'refused')) {
    const name = `${row.kind}: ${kindOf(row.reason ?? '')}`;
    reasons.set(name, (reasons.get(name) ?? 0) + 1);
  }
  const exchange = new Map();
  for (const part of rows.flatMap((row) => row.parts ?? [])) {
    const found = exchange.get(part.part) ?? {};
    exchange.set(part.part, { ...found, [part.state]: (found[part.state] ?? 0) + 1 });
  }
  return {
    counts,
    comparisons: Object.fromEntries(exchange),
    refusals: [...reasons].sort((a, b) => b[1] - a[1]).map(([reason, times]) => ({ times, reason })),
    // The first line of a fault: what follows is of the machine that it happened on.
    bad: rows
      .filter(({ state }) => state === 'wrong' || state === 'fault')
      .map(({ parts: _parts, reason = '', ...row }) => ({ ...row, reason: reason.split('\n')[0] })),
  };
}
