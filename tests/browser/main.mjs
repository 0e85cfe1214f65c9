// All tests share one browser. Each file is one theme and starts the shop as it needs it. Most of the time they wait, so some run
// side by side.

import { after, suite } from 'node:test';

import access from './access.mjs';
import accessibility from './accessibility.mjs';
import { browser } from './browser.mjs';
import connection from './connection.mjs';
import docs from './docs.mjs';
import faults from './faults.mjs';
import panels from './panels.mjs';
import safety from './safety.mjs';
import screens from './screens.mjs';
import use from './use.mjs';

suite('the dashboard', { concurrency: 4 }, () => {
  for (const theme of [accessibility, docs, use, panels, safety, faults, screens, connection, access]) theme();
});
after(() => browser.close());
