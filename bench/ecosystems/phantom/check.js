console.log(require('lax'))
