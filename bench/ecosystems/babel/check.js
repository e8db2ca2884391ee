const babel = require('@babel/core')

const source = 'const greet = (name: string) => <b>{`${name ?? "nobody"}`}</b>'
const presets = [['@babel/preset-env', { targets: 'ie 11' }], '@babel/preset-react', '@babel/preset-typescript']
const { code } = babel.transformSync(source, { presets, filename: 'greet.tsx', configFile: false })
console.log(code)
