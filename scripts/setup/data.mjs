// Models and data: the packages that data/packages.json marks `default`, brought and checked by `petl fetch`.
import { existsSync, readFileSync } from 'node:fs';
import { at, run } from './shell.mjs';

const read = (file) => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined);
const unpacked = ({ name, version, sha256 }) =>
  read(at('data', 'cache', `${name}-${version}`, '.complete.json'))?.sha256 === sha256;

export const data = {
  name: 'models and data',
  ready: () =>
    read(at('data', 'packages.json'))
      .filter(({ use }) => use === 'default')
      .every(unpacked),
  async act() {
    await run(process.execPath, [at('bin', 'petl.cjs'), 'fetch']);
  },
};
