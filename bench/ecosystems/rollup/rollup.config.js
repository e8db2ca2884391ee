import commonjs from '@rollup/plugin-commonjs'
import json from '@rollup/plugin-json'
import { nodeResolve } from '@rollup/plugin-node-resolve'
import terser from '@rollup/plugin-terser'

export default {
  input: 'main.js',
  output: { file: 'out.js', format: 'es' },
  plugins: [nodeResolve({ preferBuiltins: true }), commonjs(), json(), terser()]
}
