const express = require('express')

const app = express().set('view engine', 'ejs')
app.get('/:name', (request, response) => response.render('page', { name: request.params.name }))
const server = app.listen(0, '127.0.0.1', async () => {
  console.log(await (await fetch(`http://127.0.0.1:${server.address().port}/express`)).text())
  server.close()
})
