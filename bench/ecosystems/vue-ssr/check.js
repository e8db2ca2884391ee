import { createPinia, defineStore } from 'pinia'
import { createSSRApp, h } from 'vue'
import { createMemoryHistory, createRouter, RouterView } from 'vue-router'
import { renderToString } from '@vue/server-renderer'

const useName = defineStore('name', { state: () => ({ name: 'vue' }) })
const Page = { render: () => h('p', `rendered by ${useName().name}`) }
const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/page', component: Page }] })
const app = createSSRApp({ render: () => h(RouterView) }).use(createPinia()).use(router)
await router.push('/page')
console.log(await renderToString(app))
