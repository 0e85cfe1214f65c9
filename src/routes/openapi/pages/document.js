// Loads the API document. If the guard asks for a token, a form takes one.

const url = new URL(document.querySelector('meta[name="openapi"]').content, document.baseURI);
const form = document.querySelector('#sign-in');
const problem = document.querySelector('#problem');

/** Passes the document and the token to `show`, as soon as the service gives the document. */
export function load(show) {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    attempt(show, form.elements.token.value.trim());
  });
  attempt(show, '');
}

async function attempt(show, token) {
  problem.textContent = '';
  const headers = token ? { authorization: `Bearer ${token}` } : {};
  let response;
  try {
    response = await fetch(url, { headers });
  } catch {
    problem.textContent = 'The service cannot be reached.';
    return;
  }
  const body = await response.json().catch(() => ({}));
  if (response.ok) {
    form.hidden = true;
    show(absolute(body), token);
    return;
  }
  const challenges = response.headers.get('www-authenticate') ?? '';
  form.hidden = !/bearer/i.test(challenges);
  // Without a token, the form says all.
  if (form.hidden || token) problem.textContent = body.detail ?? `The document cannot be read (${response.status}).`;
  if (!form.hidden) form.elements.token.focus();
}

/** The servers of the document are relative to the document, and not to this page. */
function absolute(body) {
  for (const server of body.servers ?? []) server.url = new URL(server.url, url).href.replace(/\/$/, '');
  return body;
}
