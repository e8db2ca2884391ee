// Plain Node: what is loaded, in which version, and from where.
import { readFileSync, realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import _ from 'lodash'
import semver from 'semver'

const wanted = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'))
const folder = realpathSync(fileURLToPath(new URL('.', import.meta.url)))
const found = _.mapValues({ ...wanted.dependencies, ...wanted.devDependencies }, (range, name) => {
  const manifest = realpathSync(fileURLToPath(new URL(`node_modules/${name}/package.json`, import.meta.url)))
  const { version } = JSON.parse(readFileSync(manifest, 'utf8'))
  return { version, good: semver.satisfies(version, range), outside: !manifest.startsWith(folder) }
})
const all = _.values(found)
console.log(`${all.length} direct dependencies, ${_.filter(all, 'good').length} in their range, ` +
  `${_.filter(all, 'outside').length} linked from the store`)
process.exit(_.every(all, { good: true, outside: true }) ? 0 : 1)
