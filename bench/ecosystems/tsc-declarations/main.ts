import express from 'express'
import { z } from 'zod'

export const schema = z.object({ name: z.string() })
export const app = express()
export const middleware = express.json()
export const router = express.Router().use(middleware)
export const listen = (port: number) => app.listen(port)
