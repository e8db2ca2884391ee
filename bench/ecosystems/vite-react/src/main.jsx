import '@fontsource/inter/400.css'
import { createRoot } from 'react-dom/client'

createRoot(document.getElementById('root')).render(<h1>bundled by vite</h1>)
