// How import finds packages in a run. What lies inside the release finds its own as node does.
import { asker, check, isBare, isInside, isUrl, pathOf } from './packages.mjs';

export function resolve(name, context, next) {
  // Names that require asks for come by here too on some versions; preload.mjs sees to them.
  const isImport = [...context.conditions].includes('import'); // an array, or a set
  if (!isImport || !isBare(name) || isUrl(name) || isInside(pathOf(context.parentURL))) {
    return next(name, context);
  }
  check(name, 'ERR_MODULE_NOT_FOUND');
  return next(name, { ...context, parentURL: asker });
}
