import { spawn } from 'node:child_process'

const server = spawn('node', ['.output/server/index.mjs'], {
  env: { ...process.env, PORT: '0', HOST: '127.0.0.1' },
  stdio: ['ignore', 'pipe', 'inherit']
})
server.stdout.on('data', async (data) => {
  const address = String(data).match(/http:\/\/[\d.:]+/)?.[0]
  if (!address) return
  console.log((await (await fetch(address)).text()).match(/<p>.*<\/p>/)?.[0])
  server.kill()
})
