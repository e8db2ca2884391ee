const { Prisma } = require('@prisma/client')

console.log('generated', Object.keys(Prisma.NoteScalarFieldEnum).join(' '))
