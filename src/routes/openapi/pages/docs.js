// Swagger UI with the API document.

import { load } from './document.js';

load((spec, token) => {
  const ui = window.SwaggerUIBundle({
    spec,
    dom_id: '#ui',
    deepLinking: true,
    tryItOutEnabled: true,
    // No other host is asked.
    validatorUrl: null,
    onComplete() {
      if (token) ui.preauthorizeApiKey('monitoring.bearer', token);
    },
  });
});
