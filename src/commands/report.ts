import { join, resolve } from 'node:path';
import { resultsFolder } from '../experiments/store/spec';
import { demandFilePlace, writeWhole } from '../files';
import { reportPage } from '../views/report/page';
import { flag, givenOf, print, printJson, type Input } from './command';
import { relativePath } from './paths';

/** `petl report`: all results on one page. */
export async function reportCommand(input: Input): Promise<number> {
  const file = resolve(givenOf(input, 'out') ?? join(resultsFolder(), 'index.html'));
  demandFilePlace(file);
  const page = await reportPage();
  writeWhole(file, page);
  if (flag(input, 'json')) printJson({ file, bytes: Buffer.byteLength(page) });
  else print(`${relativePath(file)}: ${(Buffer.byteLength(page) / 1e6).toFixed(1)} MB; open it in a browser`);
  return 0;
}
