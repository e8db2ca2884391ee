// What a bare name means to code that lies outside of the release that a run began with.
//
// The folder of the run has run.json beside this: the real path of the release's tree, the paths
// that are its own ("inside"), and what is said of it where something is not there.
import { existsSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const run = JSON.parse(readFileSync(new URL('./run.json', import.meta.url), 'utf8'));

export const tree = run.tree;
/** Names are looked up as if this file asked for them. It is not there. */
export const asker = pathToFileURL(join(tree, 'script.mjs')).href;

const within = (path, folder) => path === folder || path.startsWith(`${folder}/`);
export const isInside = (path) => run.inside.some((folder) => within(path, folder));

export const isBare = (name) => !/^(?:\.{0,2}(?:\/|$)|#)/.test(name) && !isBuiltin(name);
export const isUrl = (name) => URL.canParse(name);

/** The path of a file: URL; empty for code that lies in none. */
export const pathOf = (url) => (url?.startsWith('file:') ? fileURLToPath(url) : '');

/** Throws where the release has no such package at top level. */
export function check(name, code) {
  if (!isSound(name) || !existsSync(join(tree, 'node_modules', packageOf(name)))) {
    throw missing(name, code);
  }
}

export function missing(name, code) {
  const error = new Error(`Cannot find package '${packageOf(name)}': ${run.lacks}`);
  error.code = code;
  return error;
}

const packageOf = (name) => name.split('/', name.startsWith('@') ? 2 : 1).join('/');

// What require would take for a path: out of the package, or to what only packages may see.
const isSound = (name) =>
  /^(?:@[^./\\%][^/\\%]*\/)?[^@./\\%][^/\\%]*$/.test(packageOf(name)) &&
  !name.split('/').some((part) => part === '..' || part === '.' || part === 'node_modules');
