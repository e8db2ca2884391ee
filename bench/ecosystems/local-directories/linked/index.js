module.exports = require('semver').valid('v1.2.3')
