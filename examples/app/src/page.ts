import dayjs from 'dayjs'
import { createElement } from 'react'
import { renderToString } from 'react-dom/server'
import { z } from 'zod'

export const Visitor = z.object({ name: z.string().min(1), since: z.string() })
export type Visitor = z.infer<typeof Visitor>

export function page(visitor: Visitor): string {
  const since = dayjs(visitor.since).format('D MMMM YYYY')
  return renderToString(createElement('p', null, `Hello ${visitor.name}, here since ${since}`))
}
