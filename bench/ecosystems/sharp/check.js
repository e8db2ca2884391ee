const sharp = require('sharp')

const picture = sharp({ create: { width: 64, height: 48, channels: 3, background: 'teal' } })
const resize = async () => {
  const bytes = await picture.png().toBuffer()
  await sharp(bytes).resize(16).webp().toFile('small.webp')
  const { width, height, format } = await sharp('small.webp').metadata()
  console.log(`${width}x${height} ${format}`)
}
resize()
