const { capitalize } = require('lodash')
const { major } = require('semver')
const { version } = require('semver/package.json')

module.exports = (word) => `${capitalize(word)} by semver ${major(version)}`
