import { createElement, useState } from 'react'
import { renderToString } from 'react-dom/server'

const Counter = () => createElement('p', null, `count ${useState(3)[0]}`)
console.log(renderToString(createElement(Counter)))
