import { join } from 'node:path';
import * as v from 'valibot';
import { readJson } from '../json';
import { npmFolder } from '../project';

/** The version of an npm package that the project stands on. @throws UserError where it is not installed */
export function versionOf(name: string): string {
  const path = join(npmFolder(name), 'package.json');
  return readJson(path, v.looseObject({ version: v.string() }), 'run npm run setup').version;
}
