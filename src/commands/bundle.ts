import { resolve } from 'node:path';
import { UserError } from '../errors';
import { demandFilePlace } from '../files';
import { redrawBundle, writeBundle } from '../views/bundle';
import { flag, givenOf, print, printJson, type Input } from './command';
import { bundleOf } from './figure';
import { relativePath } from './paths';
import { tierOf } from './study';

/** `petl bundle NAME`: a study in one archive. */
export async function bundleCommand(input: Input): Promise<number> {
  const tier = tierOf(input);
  const of = bundleOf(input.positionals[0] ?? '', tier);
  if (of.runs.length === 0)
    throw new UserError(`no finished runs of ${of.name}, tier ${tier}: run npx petl study ${of.name} --tier ${tier}`);
  const file = resolve(givenOf(input, 'out') ?? `${of.name}.zip`);
  demandFilePlace(file);
  await writeBundle(of, file);
  if (flag(input, 'json')) printJson({ file, runs: of.runs.length });
  else print(`${relativePath(file)}: ${of.runs.length} runs`);
  return 0;
}

/** `petl redraw FILE`: 1 where a figure or table is not drawn again byte for byte. */
export async function redrawCommand(input: Input): Promise<number> {
  const found = await redrawBundle(input.positionals[0] ?? '');
  if (flag(input, 'json')) printJson(found);
  else {
    print(`${found.name}: ${found.runs} runs, ${found.equal.length} figures and tables drawn again byte for byte`);
    for (const path of found.different) print(`  ${path} is drawn otherwise`);
  }
  return found.different.length === 0 ? 0 : 1;
}
