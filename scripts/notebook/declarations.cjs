// The first import of a source would check and compile all of src, for seconds. Where the sources as they stand have
// been checked before, a notebook's compiler reads their declarations, and Node their transpiled code. Otherwise, as
// after an edit, the sources themselves are compiled, and the declarations are made beside that for the next kernel.
const { execFileSync, spawn } = require('node:child_process');
const fs = require('node:fs');
const Module = require('node:module');
const os = require('node:os');
const path = require('node:path');
const { build, buildFolder, touch } = require('../../bin/petl.cjs');

const root = path.resolve(__dirname, '..', '..');
const source = path.join(root, 'src');
const declarationsOf = (folder) => `${folder}-types`;

/** Transpiles and checks the sources as they stand; no declarations remain of sources with a fault or edited meanwhile. */
function declare() {
  const folder = buildFolder();
  const target = declarationsOf(folder);
  if (build() !== folder || fs.existsSync(target)) return;
  const scratch = fs.mkdtempSync(`${target}.`);
  const project = path.join(root, 'tsconfig.types.json');
  try {
    const compiler = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    execFileSync(process.execPath, [compiler, '--project', project, '--outDir', scratch], { stdio: 'ignore' });
    if (buildFolder() === folder) fs.renameSync(scratch, target);
  } catch {
    /* the notebook shows the fault, or another process has made the same */
  }
  fs.rmSync(scratch, { recursive: true, force: true });
}

/** Makes the declarations beside what else is done. */
function declareLater() {
  const child = spawn(process.execPath, [__filename], { detached: true, stdio: 'ignore' });
  child.unref();
}

/** The build and the declarations of the sources as they stand, if both are there. */
function made() {
  const folder = buildFolder();
  const types = declarationsOf(folder);
  if (!fs.existsSync(folder) || !fs.existsSync(types)) return undefined;
  return { folder, types };
}

/** Sources that are edited while the kernel runs are compiled as they are from then on. */
function overlay({ types }) {
  const edited = new Set();
  const typesOf = (file) => path.join(types, `${path.relative(source, file).slice(0, -'.ts'.length)}.d.ts`);
  const stands = (file) => file.startsWith(`${source}/`) && !edited.has(file) && fs.existsSync(typesOf(file));
  return {
    edited,
    /** The source that a path of declarations beside it stands for. */
    declared(file) {
      const of = file.replace(/\.d\.ts$/, '.ts');
      return of !== file && stands(of) ? of : undefined;
    },
    hides: (file) => file.endsWith('.ts') && !file.endsWith('.d.ts') && stands(file),
    typesOf,
  };
}

/** Shows a compiler's system declarations in place of the sources. */
function showDeclarations(sys, { declared, hides, typesOf, edited }) {
  const { fileExists, readFile, watchFile } = sys;
  sys.fileExists = (file) => declared(file) !== undefined || (!hides(file) && fileExists(file));
  sys.readFile = (file, encoding) => {
    const of = declared(file);
    return readFile(of === undefined ? file : typesOf(of), encoding);
  };
  sys.watchFile = (file, callback, ...rest) => {
    const of = declared(file);
    if (of === undefined) return watchFile(file, callback, ...rest);
    // What has been edited is resolved anew: the declarations are gone, the source is there.
    const changed = () => {
      edited.add(of);
      callback(file, 2);
    };
    return watchFile(of, changed, ...rest);
  };
}

/** Lets cells, and files beside the sources, require the build's modules. */
function requireBuild(folder) {
  const { _resolveFilename } = Module;
  Module._resolveFilename = function (request, parent, ...rest) {
    const asked =
      /^\.\.?\//.test(request) && parent?.filename ? path.resolve(path.dirname(parent.filename), request) : '';
    if (asked.startsWith(source + path.sep)) {
      const base = path.join(folder, path.relative(source, asked));
      const found = [`${base}.js`, path.join(base, 'index.js')].find((file) => fs.existsSync(file));
      if (found !== undefined) return found;
    }
    return _resolveFilename.call(this, request, parent, ...rest);
  };
}

/** Gives the notebook checked declarations in place of the sources, or sees to it that the next one has them. */
function importDeclared(sys) {
  const { folder, types } = made() ?? {};
  if (folder === undefined) {
    declareLater();
    return;
  }
  // A build that is used is not thrown away.
  const keep = () => [folder, types].forEach(touch);
  keep();
  setInterval(keep, 3600 * 1000).unref();
  process.setSourceMapsEnabled(true);
  showDeclarations(sys, overlay({ types }));
  requireBuild(folder);
}

module.exports = { declare, importDeclared };
if (require.main === module) {
  os.setPriority(10);
  declare();
}
