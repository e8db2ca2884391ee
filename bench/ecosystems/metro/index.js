import capitalize from 'lodash/capitalize'

console.log(capitalize('bundled by metro'))
