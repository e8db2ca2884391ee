import 'reflect-metadata'
import { Body, Controller, Injectable, Module, Post, ValidationPipe } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { IsString } from 'class-validator'

class Guest {
  @IsString()
  name!: string
}

@Injectable()
class Greeter {
  greet(name: string) {
    return { text: `${name} is greeted by nest` }
  }
}

@Controller('greetings')
class Greetings {
  constructor(private readonly greeter: Greeter) {}

  @Post()
  create(@Body() guest: Guest) {
    return this.greeter.greet(guest.name)
  }
}

@Module({ controllers: [Greetings], providers: [Greeter] })
class App {}

const main = async () => {
  const app = await NestFactory.create(App, { logger: ['error'] })
  app.useGlobalPipes(new ValidationPipe())
  await app.listen(0, '127.0.0.1')
  const post = async (body: object) => {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${await app.getUrl()}/greetings`, { method: 'POST', headers, body: JSON.stringify(body) })
    console.log(answer.status, await answer.text())
  }
  await post({ name: 3 })
  await post({ name: 'Ada' })
  await app.close()
}
void main()
