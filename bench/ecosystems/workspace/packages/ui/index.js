const { createElement } = require('react')
const words = require('@monorepo/words')

exports.Title = ({ word }) => createElement('h1', null, words(word))
