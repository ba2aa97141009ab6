import tseslint from 'typescript-eslint'

export default tseslint.config(
  { ignores: ['dist/', 'out/', '**/*.js'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Named exports only (oclif finds a command class by any export).' },
        { selector: 'BinaryExpression[operator="instanceof"][right.name="KeyriteError"]', message: 'isKeyriteError() knows codes and facts; instanceof makes them any.' },
      ],
      eqeqeq: 'error',
    },
  },
  {
    files: ['**/test/**'],
    rules: {
      '@typescript-eslint/no-unused-expressions': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
)
