module.exports = `core by semver ${require('semver/package.json').version[0]}`
