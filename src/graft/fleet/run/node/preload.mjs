// Loaded before the script, in it and in every node that it starts: node 18.19 and later.
import Module from 'node:module';
import { check, isBare, isInside, missing, tree } from './packages.mjs';
import { resolve } from './resolve.mjs';

if (Module.registerHooks) Module.registerHooks({ resolve });
else Module.register('./resolve.mjs', import.meta.url);

const filename = Module._resolveFilename;
Module._resolveFilename = function (name, parent, isMain, options) {
  if (!isBare(name) || isInside(parent?.filename ?? '')) {
    return filename.call(this, name, parent, isMain, options);
  }
  check(name, 'MODULE_NOT_FOUND');
  const found = filename.call(this, name, undefined, isMain, { ...options, paths: [tree] });
  // A file that the package has not got would be looked for in every folder above.
  if (!isInside(found)) throw missing(name, 'MODULE_NOT_FOUND');
  return found;
};
