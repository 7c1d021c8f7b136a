import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, it } from 'vitest';

/** Names of what a module exports, of modules in it too, that shows no docs on hover. */
function undocumented(checker: ts.TypeChecker, module: ts.Symbol, inside = ''): readonly string[] {
  return checker.getExportsOfModule(module).flatMap((found) => {
    const symbol = found.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(found) : found;
    const name = `${inside}${found.name}`;
    if (symbol.flags & ts.SymbolFlags.ValueModule) return undocumented(checker, symbol, `${name}.`);
    return symbol.getDocumentationComment(checker).length === 0 ? [name] : [];
  });
}

const index = join(__dirname, 'index.ts');
const files = ts.createProgram([index], { noEmit: true, moduleResolution: ts.ModuleResolutionKind.Bundler, types: [] });
const checker = files.getTypeChecker();
const surface = checker.getSymbolAtLocation(files.getSourceFile(index) as ts.SourceFile) as ts.Symbol;

it('shows docs on hover for every value and type of the public surface', () => {
  expect(checker.getExportsOfModule(surface).length).toBeGreaterThan(80);
  expect(undocumented(checker, surface)).toEqual([]);
});

it('holds no test fixture', () => {
  const from = checker.getExportsOfModule(surface).flatMap((found) => {
    const symbol = found.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(found) : found;
    return (symbol.declarations ?? []).map((declaration) => declaration.getSourceFile().fileName);
  });
  expect(from.filter((file) => /\/(fixtures|testing)\//.test(file))).toEqual([]);
});

it('loads no TensorFlow and nothing that draws: the first import of a notebook waits for neither', () => {
  const loaded = `
    require(${JSON.stringify(join(__dirname, '..', 'bin', 'index.cjs'))});
    const names = Object.keys(require.cache).map((file) => /node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(file)?.[1]);
    console.log(JSON.stringify([...new Set(names.filter(Boolean))].sort()));
  `;
  const run = (code: string): string => execFileSync(process.execPath, ['-e', code], { encoding: 'utf8' });
  run(`require(${JSON.stringify(join(__dirname, '..', 'bin', 'petl.cjs'))}).build()`); // what transpiles is no part of it
  const names = JSON.parse(run(loaded)) as readonly string[];
  expect(names).toEqual(['csv-parse', 'valibot']);
});
