// All tests share one browser. Each file is one theme and starts the shop as it needs it.

import { after } from 'node:test';

import { browser } from './browser.mjs';
import './panels.mjs';
import './faults.mjs';
import './use.mjs';
import './safety.mjs';
import './access.mjs';
import './docs.mjs';

after(() => browser.close());
