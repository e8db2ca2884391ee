import { Component, provideZonelessChangeDetection, signal } from '@angular/core'
import { bootstrapApplication } from '@angular/platform-browser'

@Component({ selector: 'app-root', template: '<p>{{ words() }}</p>' })
class App {
  readonly words = signal('built by angular')
}

bootstrapApplication(App, { providers: [provideZonelessChangeDetection()] }).catch(console.error)
