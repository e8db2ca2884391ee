import express, { type Express } from 'express'
import { page, Visitor } from './page.js'

export function server(): Express {
  const app = express()
  app.get('/:name', (request, response) => {
    response.send(page(Visitor.parse({ name: request.params.name, since: '2024-02-29' })))
  })
  return app
}
