// `npm run interop -- --record`: fifty small draws kept under src/commands/fixtures/draws for `npm test`, of both libraries and both
// versions of transformers, most of them computed, some refused with the reason.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { oneDraw, versionOf, withSides } from '../random.mjs';
import { kindOf } from './judge.mjs';

const wanted = { models: 26, peft: 11, adapters: 9 };
/** Families that both versions save in their own ways. */
const twice = ['bert', 'gpt2', 'llama', 'bart', 't5'];
const refused = 4;

/** Takes a draw where its family, or its library's method, stands in the records less often than it may. */
export async function record(root) {
  const target = join(root, 'src', 'commands', 'fixtures', 'draws');
  rmSync(target, { recursive: true, force: true });
  const reasons = new Set();
  const kept = await withSides(root, async ({ sides, here, chosen, scratch }) => {
    const found = [];
    for (const kind of Object.keys(wanted)) {
      const mine = [];
      for (let index = 0; mine.length < wanted[kind] && index < 600; index++) {
        const folder = join(scratch, `${kind}-${index}`);
        const version = versionOf({ kind, index });
        const row = await oneDraw({
          kind,
          index,
          seed: 'record',
          families: chosen(kind),
          folder,
          side: sides[version],
          here,
          small: true,
        });
        const named = {
          ...row,
          version,
          name: [kind, row.family, ...(row.method === undefined ? [] : [row.method]), version, index].join('-'),
        };
        if (row.state === 'ok' && fits(mine, named)) mine.push(keep(folder, target, named));
        else if (row.state === 'refused' && reasons.size < refused && !reasons.has(kindOf(row.reason))) {
          reasons.add(kindOf(row.reason));
          found.push(keep(folder, target, named));
        }
        rmSync(folder, { recursive: true, force: true });
      }
      found.push(...mine);
    }
    return found;
  });
  console.log(`${kept.length} draws recorded under ${target.slice(root.length + 1)}`);
}

function fits(mine, { kind, family, method, version }) {
  if (kind !== 'models') {
    const most = { lora: 4, bottleneck: 4, ia3: 2, union: 2 }[method] ?? 1;
    return mine.filter((row) => row.method === method).length < most;
  }
  return !mine.some((row) => row.family === family && (row.version === version || !twice.includes(family)));
}

/** Model, adapter and case, without what was written back. */
function keep(folder, target, row) {
  const place = join(target, row.name);
  mkdirSync(place, { recursive: true });
  for (const part of row.kind === 'models' ? ['model'] : ['model', 'adapter'])
    cpSync(join(folder, part), join(place, part), { recursive: true });
  for (const extra of ['README.md', 'generation_config.json']) {
    rmSync(join(place, 'adapter', extra), { force: true });
    rmSync(join(place, 'model', extra), { force: true });
  }
  const settings = join(place, 'adapter', 'adapter_config.json');
  for (const path of [settings, join(place, 'adapter', 'head_config.json')].filter((one) => existsSync(one)))
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll(join(folder, 'model'), 'model'));
  const made = JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8'));
  const expects =
    row.state === 'ok' ? { expects: 'ok' } : { expects: 'refused', reason: row.reason.replaceAll(folder, '') };
  writeFileSync(join(place, 'case.json'), `${JSON.stringify({ ...made, ...expects })}\n`);
  return row;
}
