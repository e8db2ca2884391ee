import capitalize from 'lodash/capitalize'
import './page.css'

class Page {
  async show() {
    document.title = capitalize('bundled by webpack')
  }
}
void new Page().show()
