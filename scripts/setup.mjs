// Brings everything the project needs into its own folder. Safe to run again and to kill at any point:
// every step first asks whether it is already true, and puts its result in place by a rename at its end.
import { rmSync } from 'node:fs';
import { engine, engineLibrary } from './setup/engine.mjs';
import { data } from './setup/data.mjs';
import { filter } from './setup/filter.mjs';
import { kernel } from './setup/kernel.mjs';
import { packages } from './setup/packages.mjs';
import { dask, environment, jupyter } from './setup/python.mjs';
import { cache, isDependency, takeLock } from './setup/shell.mjs';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Node ${process.versions.node} is too old: Node >= 20.19 is needed.`);
  process.exit(2);
}

const began = performance.now();
const since = (start) => `${((performance.now() - start) / 1000).toFixed(1)} s`;
const failures = [];

/** Runs a step after those it needs; skipped when it is already true or when one of those failed. */
function step({ name, ready, act }, ...needs) {
  return Promise.all(needs).then(async (fine) => {
    if (!fine.every(Boolean)) return false;
    const start = performance.now();
    try {
      if (await ready()) return true;
      const note = await act();
      console.log(`  ${name.padEnd(22)}${since(start).padStart(8)}${note ? `  ${note}` : ''}`);
      return true;
    } catch (error) {
      console.log(`  ${name.padEnd(22)}  failed after ${since(start)}`);
      failures.push(error);
      return false;
    }
  });
}

const wanted = process.argv.includes('--cluster') ? [dask] : []; // npm run setup -- --cluster
const forNotebooks = isDependency ? [] : [jupyter, kernel, filter];
const missing = [packages, environment, engineLibrary, engine, data, ...forNotebooks, ...wanted].filter(
  ({ ready }) => !ready(),
);
if (process.argv.includes('--missing')) {
  // asked by `petl doctor`
  for (const { name } of missing) console.log(name);
  process.exit(0);
}
if (missing.length === 0) {
  console.log(`Set-up: complete (${since(began)}).`);
  process.exit(0);
}

console.log('Set-up: bringing what is missing into this folder.');
const release = await takeLock().catch((error) => {
  if (!['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT'].includes(error.code)) throw error;
  console.error(
    `Set-up cannot write ${cache()} (${error.code}): make room there, or copy the project to a folder of your own.`,
  );
  process.exit(2);
});
// Two lanes for two cores: npm, then the data; Python, then the library and JupyterLab. The binding needs both.
const npm = step(packages);
const venv = step(environment);
const library = step(engineLibrary, venv);
const lab = () =>
  step(jupyter, library).then((fine) => Promise.all([step(kernel, fine), ...wanted.map((one) => step(one, fine))]));
await Promise.all([
  step(data, npm, library),
  step(engine, npm, library),
  ...(isDependency ? wanted.map((one) => step(one, library)) : [step(filter), lab()]),
]);
rmSync(cache('tmp'), { recursive: true, force: true });
release();

for (const { message, remedy } of failures) {
  console.error(`\n${message}${remedy === undefined ? '' : `\n  Remedy: ${remedy}`}`);
}
if (failures.length > 0) {
  console.error('\nSet-up is incomplete. Once mended, run the same command again: it goes on where it stopped.');
  process.exitCode = 1;
} else {
  console.log(`Set-up: complete (${since(began)}).`);
}
