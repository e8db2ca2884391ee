module.exports = (name) => typeof require('chalk').red + ' ' + require('words')(`hello ${name}`)
