import js from '@eslint/js';
import { Linter } from 'eslint';

import { SCRIPT } from '../../lib/monitor/dashboard/page';

// It is text in the package's sources, so ESLint does not find it there.
it('The script of the dashboard’s page is free of what ESLint complains about', () => {
  const names = 'document location window DOMParser EventSource URL Date Map Set WeakMap setInterval setTimeout';
  const messages = new Linter().verify(SCRIPT, [
    js.configs.recommended,
    {
      languageOptions: {
        ecmaVersion: 2020,
        sourceType: 'script',
        globals: Object.fromEntries(names.split(' ').map((name) => [name, 'readonly'])),
      },
      rules: { eqeqeq: 'error', 'no-implicit-globals': 'error', 'no-restricted-properties': ['error', ...UNSAFE] },
    },
  ]);
  expect(messages.map(({ line, message }) => `${line}: ${message}`)).toEqual([]);
});

/** What would take text for markup. */
const UNSAFE = ['innerHTML', 'outerHTML', 'insertAdjacentHTML'].map((property) => ({ property }));
