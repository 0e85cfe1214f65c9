// Redoc with the API document.

import { load } from './document.js';
import { init } from './redoc.standalone.js';

load((spec) => {
  init(spec, { disableTelemetry: true, disableSearch: true }, document.querySelector('#ui'));
});
