// Removes what an earlier build has left in dist/, so that a module that was renamed does not stay there.
import { rmSync } from 'node:fs';

rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true });
