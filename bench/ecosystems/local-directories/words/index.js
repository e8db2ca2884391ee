module.exports = require('lodash').upperFirst
