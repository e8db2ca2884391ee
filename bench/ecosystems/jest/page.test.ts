import { capitalize } from 'lodash'

jest.mock('lodash', () => ({ capitalize: (word: string) => `mocked ${word}` }))

test('a package is mocked', () => {
  expect(capitalize('page')).toBe('mocked page')
})

test('the real one is there as well', () => {
  expect(jest.requireActual('lodash').capitalize('page')).toBe('Page')
})

test('there is a document', () => {
  document.body.innerHTML = '<p>words</p>'
  expect(document.querySelector('p')?.textContent).toBe('words')
})
