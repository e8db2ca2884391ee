// What the development server answers, up to a file that only a package's style sheet names.
import { createServer } from 'vite'

const server = await createServer({ server: { port: 0, host: '127.0.0.1' }, logLevel: 'error' })
await server.listen()
const base = `http://127.0.0.1:${server.httpServer.address().port}`
const get = async (path) => {
  const answer = await fetch(base + path)
  console.log(answer.status, path.replace(/.*\/(?=.)/, '').replace(/\?.*/, ''))
  return answer.text()
}
const page = await get('/src/main.jsx')
for (const [, path] of page.matchAll(/(?:from|import) "(\/[^"]*(?:react-dom_client|400\.css)[^"]*)"/g)) {
  const text = await get(path)
  const font = text.match(/url\(([^)]*inter-latin-400-normal\.woff2)\)/)?.[1]
  if (font) await get(font)
}
await server.close()
process.exit(0)
