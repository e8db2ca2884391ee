// What a checkout's imports come to: every package that can be reached from its importers, by the
// rules by which Node.js looks for it, and where that really lies.
//
// usage: node worktrees_proof.cjs <checkout> <folder that may be used beside it> <importer>...
// Prints one JSON document: how many packages and entry points were resolved, how many of them lie
// in the checkout's own sources, and every path that lies in neither of the two folders.
'use strict'
const fs = require('fs')
const path = require('path')
const { createRequire } = require('module')

const [checkout, store, ...importers] = process.argv.slice(2)
const root = fs.realpathSync(checkout) + path.sep
const shared = fs.realpathSync(store) + path.sep
const read = new Map()
const done = { imports: 0, packages: 0, entries: 0, own: 0, strange: [] }

function manifest(folder) {
  if (!read.has(folder)) {
    read.set(folder, JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')))
  }
  return read.get(folder)
}

function find(from, name) {
  for (let folder = from; ; folder = path.dirname(folder)) {
    const place = path.join(folder, 'node_modules', name)
    if (path.basename(folder) !== 'node_modules' && fs.existsSync(place)) return fs.realpathSync(place)
    if (folder === path.dirname(folder)) return null
  }
}

function judge(real) {
  if (real.startsWith(root) && !real.includes(`${path.sep}node_modules${path.sep}`)) done.own++
  else if (!real.startsWith(root) && !real.startsWith(shared)) done.strange.push(real)
}

const seen = new Set()
const own = new Set(importers.map((importer) => fs.realpathSync(path.join(root, importer))))
const waiting = [...own]
while (waiting.length) {
  const folder = waiting.pop()
  if (seen.has(folder)) continue
  seen.add(folder)
  const said = manifest(folder)
  const kinds = ['dependencies', 'optionalDependencies', 'peerDependencies']
  if (own.has(folder)) kinds.push('devDependencies')
  const require_ = createRequire(path.join(folder, 'noop.js'))
  for (const name of new Set(kinds.flatMap((kind) => Object.keys(said[kind] ?? {})))) {
    done.imports++
    const real = find(folder, name)
    if (real === null) continue // optional, or for another platform
    judge(real)
    if (fs.existsSync(path.join(real, 'package.json'))) waiting.push(real)
    try {
      judge(fs.realpathSync(require_.resolve(name)))
      done.entries++
    } catch {
      // types alone, or nothing that require can load: its folder has been judged
    }
  }
}
done.packages = seen.size
console.log(JSON.stringify(done))
