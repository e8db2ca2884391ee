const { createRequire } = require('module')

const version = (from, name) => createRequire(from)(`${name}/package.json`).version.split('.')[0]
const main = async () => {
  const { default: fresh } = await import('chalk-new')
  const { default: ui } = await import('@isaacs/cliui')
  console.log(version(__filename, 'chalk'), version(__filename, 'semver'), typeof fresh.red, typeof ui)
  console.log(version(require.resolve('@isaacs/cliui'), 'string-width-cjs'), version(__filename, 'string-width-cjs'))
}
main()
