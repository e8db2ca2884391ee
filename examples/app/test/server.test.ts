import axios from 'axios'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { server } from '../src/server.js'

test('React renders what Express serves', async () => {
  const listening = server().listen(0, '127.0.0.1')
  await new Promise((ready) => listening.once('listening', ready))
  const { port } = listening.address() as AddressInfo
  const answer = await axios.get(`http://127.0.0.1:${port}/Ada`)
  listening.close()
  expect(answer.data).toBe('<p>Hello Ada, here since 29 February 2024</p>')
})
