#!/usr/bin/env node
// The command `petl`: transpiles src/ into .cache/build/<hash>/ when a source has changed, then runs cli.js there.
// Worker processes are forks of this same file and inherit the build of the process that started them.
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
require('./legacy.cjs');
const { whenAbandoned } = require('./processes.cjs');

const root = path.resolve(__dirname, '..');
const source = path.join(root, 'src');
const builds = path.join(root, '.cache', 'build');
const twoDays = 48 * 3600 * 1000;

/** Files under src that run: TypeScript without tests and declarations. */
function sources(folder = source) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) return sources(file);
    return /(?<!\.test|\.d)\.ts$/.test(entry.name) ? [file] : [];
  });
}

/** Changes when a file is edited, added, renamed or removed, or when this launcher is. */
function fingerprint(files) {
  const hash = createHash('sha256');
  for (const file of [__filename, ...files]) {
    const { mtimeMs, size } = fs.statSync(file);
    hash.update(`${path.relative(root, file)} ${mtimeMs} ${size}\n`);
  }
  return hash.digest('hex').slice(0, 16);
}

/** Old builds may still serve a running process, which requires its modules late: only those unused for two days go. */
function prune() {
  for (const name of fs.readdirSync(builds)) {
    const folder = path.join(builds, name);
    try {
      if (Date.now() - fs.statSync(folder).mtimeMs > twoDays) fs.rmSync(folder, { recursive: true, force: true });
    } catch {
      /* another process has just removed it */
    }
  }
}

function transpile(files, target) {
  fs.mkdirSync(builds, { recursive: true });
  const scratch = fs.mkdtempSync(`${target}.`);
  try {
    require('esbuild').buildSync({
      absWorkingDir: root,
      entryPoints: files,
      outbase: source,
      outdir: scratch,
      bundle: false,
      format: 'cjs',
      platform: 'node',
      target: 'node20',
      sourcemap: 'linked',
      logLevel: 'silent',
      supported: { 'dynamic-import': false }, // import('./x') becomes a late require, which finds x.js
    });
    fs.chmodSync(scratch, 0o777 & ~process.umask()); // mkdtemp keeps it to this user, and others may use the checkout
    fs.renameSync(scratch, target);
  } catch (error) {
    fs.rmSync(scratch, { recursive: true, force: true });
    if (!fs.existsSync(target)) throw error; // otherwise another process has made the same build
  }
  prune();
}

/** In a checkout of another user a build serves as it is. */
function touch(folder) {
  try {
    fs.utimesSync(folder, new Date(), new Date());
  } catch {
    /* it may look unused, nothing more */
  }
}

/** Where the sources as they stand are transpiled to. */
function buildFolder(files = sources()) {
  return path.join(builds, fingerprint(files));
}

/** The folder that holds the transpiled sources, made when it is missing. */
function build() {
  const inherited = process.env.PETL_BUILD;
  if (inherited && fs.existsSync(inherited)) return inherited;
  const files = sources();
  const target = buildFolder(files);
  if (fs.existsSync(target)) touch(target);
  else transpile(files, target);
  fs.accessSync(target, fs.constants.R_OK | fs.constants.X_OK);
  return target;
}

/** In a checkout they stand inside, installed as a package beside it. */
function hasPackages() {
  try {
    require.resolve('esbuild/package.json');
    return true;
  } catch {
    return false;
  }
}

function main() {
  // A worker goes when its study does.
  if (process.argv[2] !== 'worker') whenAbandoned(() => process.kill(process.pid, 'SIGTERM'));
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '3';
  if (!hasPackages()) {
    console.error('petl: the npm packages are missing. Run `npm run setup` first.');
    process.exit(2);
  }
  process.setSourceMapsEnabled(true);
  try {
    process.env.PETL_BUILD = build();
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT'].includes(error.code)) throw error;
    console.error(
      `petl: cannot ${error.syscall === 'access' ? 'read' : 'write'} ${builds} (${error.code}): make room there, or copy the project to a folder of your own`,
    );
    process.exit(2);
  }
  require(path.join(process.env.PETL_BUILD, 'cli.js'));
}

module.exports = { build, buildFolder, touch };
if (require.main === module) main();
