const { WebSocket, WebSocketServer } = require('ws')

const server = new WebSocketServer({ port: 0, host: '127.0.0.1' }, () => {
  const client = new WebSocket(`ws://127.0.0.1:${server.address().port}`)
  client.on('open', () => client.send('x'.repeat(64)))
})
server.on('connection', (socket) => socket.on('message', (data) => {
  const native = Object.keys(require.cache).some((file) => file.endsWith('.node'))
  console.log('received', data.length, native ? 'native' : 'fallback')
  process.exit(0)
}))
