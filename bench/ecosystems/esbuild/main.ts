import camelCase from 'lodash-es/camelCase'

const words: string = 'bundled by esbuild'
console.log(camelCase(words))
