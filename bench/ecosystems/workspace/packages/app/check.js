const { createElement } = require('react')
const { renderToStaticMarkup } = require('react-dom/server')
const { Title } = require('@monorepo/ui')

console.log(renderToStaticMarkup(createElement(Title, { word: 'rendered' })))
console.log('semver', require('semver/package.json').version[0])
