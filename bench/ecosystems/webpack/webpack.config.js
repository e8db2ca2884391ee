const Html = require('html-webpack-plugin')
const Styles = require('mini-css-extract-plugin')

const babel = {
  loader: 'babel-loader',
  options: { presets: [['@babel/preset-env', { targets: 'ie 11' }]], plugins: ['@babel/plugin-transform-runtime'] }
}
module.exports = {
  mode: 'production',
  target: ['web', 'es5'],
  plugins: [new Html(), new Styles()],
  module: {
    rules: [
      { test: /\.js$/, exclude: /node_modules/, use: babel },
      { test: /\.css$/, use: [Styles.loader, 'css-loader'] }
    ]
  }
}
