import js from '@eslint/js'
import tseslint from 'typescript-eslint'

export default tseslint.config(
  { files: ['src/*.ts'] },
  js.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked,
  { languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } } }
)
