// The event stream, read with fetch because EventSource cannot send a token.

import { Denied, open } from './api.js';

/** Frames come once a second; a stream that is silent for this long is dead. */
const SILENCE = 10_000;
const FIRST_WAIT = 500;
const MAX_WAIT = 15_000;
/** A tab that nobody sees is no viewer. */
const HIDDEN = 60_000;

/** Keeps a stream open until the result is called. `onState` gets `connecting`, `live`, `lost` and the seconds to the next try, or `denied`. */
export function connect(onFrame, onState) {
	let controller = null;
	let isStopped = false;
	let wait = FIRST_WAIT;
	let retry;
	let hidden;

	async function run() {
		clearTimeout(retry);
		if (isStopped || document.hidden && wait > FIRST_WAIT) return;
		const own = controller = new AbortController();
		let watchdog;
		const alive = () => {
			clearTimeout(watchdog);
			watchdog = setTimeout(() => own.abort(), SILENCE);
		};
		try {
			alive();
			const body = await open('/dashboard/events', own.signal);
			await read(body, alive, (frame) => {
				wait = FIRST_WAIT;
				onState('live');
				onFrame(frame);
			});
		} catch (error) {
			if (error instanceof Denied && !isStopped) {
				stop();
				onState('denied', error);
				return;
			}
		} finally {
			clearTimeout(watchdog);
		}
		// Another run has begun, or the page is hidden or signed out.
		if (isStopped || controller !== own) return;
		const delay = wait * (0.75 + Math.random() / 2);
		wait = Math.min(wait * 2, MAX_WAIT);
		onState('lost', delay / 1000);
		retry = setTimeout(run, delay);
	}

	function restart() {
		if (isStopped) return;
		wait = FIRST_WAIT;
		controller?.abort();
		run();
	}

	function visibility() {
		clearTimeout(hidden);
		if (document.hidden) {
			hidden = setTimeout(() => {
				const own = controller;
				controller = null;
				clearTimeout(retry);
				own?.abort();
			}, HIDDEN);
		} else if (!controller || controller.signal.aborted) restart();
	}

	function stop() {
		isStopped = true;
		clearTimeout(retry);
		clearTimeout(hidden);
		controller?.abort();
		document.removeEventListener('visibilitychange', visibility);
	}

	document.addEventListener('visibilitychange', visibility);
	onState('connecting');
	run();
	return stop;
}

/** Parses server-sent events: the data of each `frame`. */
async function read(body, alive, onFrame) {
	const reader = body.pipeThrough(new TextDecoderStream()).getReader();
	let rest = '';
	let name = '';
	let data = [];
	for (;;) {
		const { done, value } = await reader.read();
		if (done) return;
		alive();
		const lines = (rest + value).split(/\r?\n/);
		rest = lines.pop();
		for (const line of lines) {
			if (line === '') {
				if (name === 'frame' && data.length) onFrame(JSON.parse(data.join('\n')));
				name = '';
				data = [];
			} else if (line.startsWith('event:')) name = line.slice(6).trim();
			else if (line.startsWith('data:')) data.push(line.slice(line[5] === ' ' ? 6 : 5));
		}
	}
}
