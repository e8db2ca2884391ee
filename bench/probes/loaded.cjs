// Preloaded by NODE_OPTIONS into every process of a check: when one ends, it writes the real paths
// of the files that `require` loaded into a file of the folder that GRAFT_LOADED names.
const fs = require('fs')
const path = require('path')
const { threadId } = require('worker_threads')

const folder = process.env.GRAFT_LOADED
process.on('exit', () => {
  const files = Object.keys(require.cache).filter((file) => file !== __filename && fs.existsSync(file))
  if (folder && files.length) {
    const real = files.map((file) => fs.realpathSync(file))
    fs.writeFileSync(path.join(folder, `${process.pid}-${threadId}`), real.join('\n'))
  }
})
