import js from '@eslint/js';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist/', 'build/', 'coverage/', 'prebuilds/', '.cache/', 'bench/results/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts', '**/*.mts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      // `using _pin = …` uses it.
      '@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^_', argsIgnorePattern: '^_' }],
      // An index that was just computed is in range; where it is not, the test that breaks says more than a check.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // A type parameter may be there for inference alone.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
    },
  },
  {
    files: ['lib/native/load.ts'],
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
  {
    // Text of the project's own becomes code there.
    files: ['lib/layout/code.ts', 'test/docs/write-your-own.test.ts'],
    rules: { '@typescript-eslint/no-implied-eval': 'off' },
  },
  {
    files: ['**/*.mjs', '**/*.cjs', '**/*.js'],
    languageOptions: {
      globals: Object.fromEntries(
        'process console Buffer URL require module __dirname setTimeout setImmediate clearTimeout structuredClone gc performance global globalThis WeakRef ReadableStream WritableStream TransformStream queueMicrotask'
          .split(' ')
          .map((name) => [name, 'readonly']),
      ),
    },
  },
);
