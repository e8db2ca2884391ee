// @vitest-environment happy-dom
import { capitalize } from 'lodash-es'
import { expect, test, vi } from 'vitest'

vi.mock('lodash-es', async (original) => ({ ...(await original<object>()), capitalize: () => 'mocked' }))

test('a package is mocked', () => {
  const word: string = capitalize('page')
  expect(word).toBe('mocked')
})

test('there is a document', () => {
  document.body.innerHTML = '<p>words</p>'
  expect(document.querySelector('p')?.textContent).toBe('words')
})
