// Redoc with the API document.

import { load } from './document.js';
import { init } from './redoc.standalone.js';

// Its search would make a worker from text, which the policy of this page forbids. Without workers, it searches here.
delete globalThis.Worker;

load((spec) => {
  init(spec, { disableTelemetry: true }, document.querySelector('#ui'));
});
