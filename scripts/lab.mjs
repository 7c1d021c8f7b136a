// Opens JupyterLab at notebooks/; what follows `npm run lab --` goes to JupyterLab, for example --no-browser.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const { spawnTied, whenAbandoned } = createRequire(import.meta.url)('../bin/processes.cjs');
const root = resolve(fileURLToPath(import.meta.url), '..', '..');
const own = (name) => join(root, '.cache', 'jupyter', name);
// The contents page is read, not edited, when it is opened.
const viewers = { '@jupyterlab/docmanager-extension:plugin': { defaultViewers: { markdown: 'Markdown Preview' } } };
mkdirSync(join(own('config'), 'labconfig'), { recursive: true });
writeFileSync(join(own('config'), 'labconfig', 'default_setting_overrides.json'), `${JSON.stringify(viewers)}\n`);
const args = [
  '-m',
  'jupyterlab',
  `--ServerApp.root_dir=${root}`,
  '--LabApp.default_url=/lab/tree/notebooks/README.md',
  `--LabApp.extra_labextensions_path=${join(root, 'scripts', 'notebook', 'lab')}`, // figures: sizes, themes, numbers
  '--MultiKernelManager.default_kernel_name=tslab',
  '--FileContentsManager.post_save_hook=saved.saved', // scripts/notebook/saved.py
  ...(process.getuid?.() === 0 ? ['--allow-root'] : []),
  ...process.argv.slice(2),
];
const lab = spawnTied(join(root, '.venv', 'bin', 'python'), args, {
  shared: true,
  cwd: root,
  stdio: 'inherit',
  // Settings, workspaces and running servers of this lab stay in the project.
  env: {
    ...process.env,
    JUPYTER_CONFIG_DIR: own('config'),
    JUPYTER_DATA_DIR: own('data'),
    JUPYTER_RUNTIME_DIR: own('runtime'),
    IPYTHONDIR: own('ipython'),
    PYTHONPATH: [join(root, 'scripts', 'notebook'), process.env.PYTHONPATH].filter(Boolean).join(delimiter),
    PYTHONDONTWRITEBYTECODE: '1',
    TF_CPP_MIN_LOG_LEVEL: '3',
  },
});
process.on('SIGINT', () => undefined); // the terminal tells JupyterLab itself, which asks before it stops
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => lab.kill('SIGTERM'));
whenAbandoned(() => lab.kill('SIGTERM'));
lab.on('message', ({ message }) =>
  console.error(`JupyterLab could not be started: ${message}. Run npm run setup first.`),
);
lab.on('exit', (code) => process.exit(code ?? 1));
