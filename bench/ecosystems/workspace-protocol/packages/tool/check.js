console.log(`${require('core')}, tool by semver ${require('semver/package.json').version[0]}`, require('core-again') === require('core'))
