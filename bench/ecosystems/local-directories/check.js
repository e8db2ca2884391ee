console.log(require('greeter')('file'), require('linked'))
