// npm packages exactly as package-lock.json lists them; no package's install script runs.
import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { at, isDependency, run } from './shell.mjs';

const installedList = at('node_modules', '.package-lock.json');
const packagesOf = (file) => JSON.parse(readFileSync(file, 'utf8')).packages;

/** npm writes its list of what is installed last, so that list is the proof of a finished installation. */
function installed() {
  if (!existsSync(installedList)) return false;
  const have = packagesOf(installedList);
  const wanted = Object.entries(packagesOf(at('package-lock.json'))).filter(([path]) => path !== '');
  return wanted.every(([path, { version, integrity, optional }]) => {
    const found = have[path];
    return found === undefined ? optional === true : found.version === version && found.integrity === integrity;
  });
}

const command = at('node_modules', '.bin', 'petl');
const linked = () => lstatSync(command, { throwIfNoEntry: false }) !== undefined;

export const packages = {
  name: 'npm packages',
  ready: () => isDependency || (installed() && linked()),
  async act() {
    if (!installed()) {
      rmSync(installedList, { force: true });
      const npm = process.env.npm_execpath?.endsWith('npm-cli.js')
        ? [process.execPath, process.env.npm_execpath]
        : ['npm'];
      await run(npm[0], [...npm.slice(1), 'ci', '--ignore-scripts', '--include=dev', '--no-audit', '--no-fund']);
    }
    if (!linked()) {
      mkdirSync(at('node_modules', '.bin'), { recursive: true });
      symlinkSync('../../bin/petl.cjs', command); // npx petl
    }
  },
};
