// Prints, as JSON, the real path of the last package of each chain that is given as an argument,
// or null. It walks as Node.js does, but does not ask for what `exports` may hide: package.json.
const fs = require('fs')
const path = require('path')
const { createRequire } = require('module')

const found = (from, name) => {
  for (const folder of createRequire(path.join(from, 'x.js')).resolve.paths(name) ?? []) {
    const inside = path.join(folder, name)
    if (fs.existsSync(path.join(inside, 'package.json'))) return fs.realpathSync(inside)
  }
  return null
}

const walk = (chain) => {
  let at = fs.realpathSync('.')
  for (const name of chain.split(' > ')) {
    at = name.startsWith('./') ? path.resolve(name) : found(at, name)
    if (at === null) break
  }
  return at
}

const chains = process.argv.slice(2)
console.log(JSON.stringify(Object.fromEntries(chains.map((chain) => [chain, walk(chain)]))))
