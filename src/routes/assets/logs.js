// Logs: the last lines at WARN and above, linked by request.

import { get, isMounted } from './api.js';
import { badge, empty, fill, h, panel, problem, text } from './dom.js';
import { clock } from './format.js';

const ADD = `let tail = LogTail::new();
// Add the tail to the logging builder, and to the routes:
let routes = Routes::new().log_tail(tail);`;
const MAX = 500;
const EVERY = 2000;

export default function render(root, context) {
  if (!isMounted('/dashboard/logs')) {
    fill(root, empty('No logs', 'Keep the last lines of the log for this page (feature `logging`):', ADD));
    return {};
  }
  const params = () => context.params();
  const filter = h('input', { type: 'search', placeholder: 'Filter', 'aria-label': 'Filter lines', value: params().get('q'), oninput: () => context.set({ q: filter.value }) });
  const level = h('select', { 'aria-label': 'Level', onchange: () => context.set({ level: level.value }) }, [['', 'WARN and above'], ['ERROR', 'ERROR']].map(([value, name]) => h('option', { value }, name)));
  const count = h('span', { class: 'muted', role: 'status' });
  const request = h('span', { class: 'row' });
  const error = h('div');
  const body = h('tbody');
  const none = h('p', { class: 'muted' });
  fill(root, panel('Lines', { tools: h('div', { class: 'row' }, count, request, level, filter) }, error,
    h('div', { class: 'scroll log', tabindex: '0', role: 'region', 'aria-label': 'Lines' }, h('table', null, h('caption', { class: 'hidden' }, 'Lines, the newest first'),
      h('thead', null, h('tr', null, ['Time', 'Level', 'Message', 'Target', 'Request'].map((name) => h('th', { scope: 'col' }, name)))), body)), none));

  let lines = [];
  let next = null;
  let isReading = false;
  const controller = new AbortController();

  async function read() {
    if (isReading || context.isPaused() || document.hidden) return;
    isReading = true;
    try {
      const page = await get('/dashboard/logs', { signal: controller.signal, query: { after: next } });
      // A service that restarted counts from the beginning.
      const isNew = next === null || page.next < next;
      lines = [...(isNew ? [] : lines), ...page.lines.map((line) => ({ line, node: null }))].slice(-MAX);
      next = page.next;
      fill(error);
      if (isNew || page.lines.length) show();
    } catch (refusal) {
      if (!controller.signal.aborted) fill(error, problem(refusal));
      context.refused(refusal);
    }
    isReading = false;
  }

  function show() {
    const query = params();
    level.value = query.get('level') ?? '';
    if (document.activeElement !== filter) filter.value = query.get('q') ?? '';
    const id = query.get('request');
    fill(request, id ? h('a', { class: 'button small', href: context.href('logs') }, `Request ${id} ✕`) : null);
    const words = (query.get('q') ?? '').toLowerCase().split(/\s+/).filter(Boolean);
    const found = lines.filter(({ line }) => (!level.value || line.level === level.value) && (!id || line.request_id === id)
      && (!words.length || words.every((word) => JSON.stringify(line).toLowerCase().includes(word)))).reverse();
    text(count, `${found.length} of ${lines.length}`);
    text(none, lines.length ? (found.length ? '' : 'No line matches the filter.') : 'No line at WARN or above so far.');
    body.replaceChildren(...found.map((each) => { each.node ??= node(each.line); return each.node; }));
  }

  function node(line) {
    const fields = Object.entries(line.fields ?? {}).map(([name, value]) => h('span', { class: 'label' }, `${name}=`, h('b', null, typeof value === 'string' ? value : JSON.stringify(value))));
    return h('tr', null,
      h('td', { class: 'nowrap' }, h('time', { datetime: line.time, title: line.time }, clock(Date.parse(line.time) / 1000))),
      h('td', null, badge(line.level === 'ERROR' ? 'error' : 'warning', line.level)),
      h('td', { class: 'message' }, line.message, ' ', h('span', { class: 'labels' }, fields)),
      h('td', { class: 'muted' }, line.target),
      h('td', { class: 'nowrap' }, line.request_id ? h('a', { href: context.href('logs', { request: line.request_id }) }, line.request_id) : '', line.trace_id ? h('div', { class: 'muted', title: 'Trace' }, line.trace_id) : null));
  }

  read();
  const timer = setInterval(read, EVERY);
  return { moved: show, destroy() { clearInterval(timer); controller.abort(); } };
}
