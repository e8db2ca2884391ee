module.exports = { resolver: { useWatchman: false }, maxWorkers: 1 }
