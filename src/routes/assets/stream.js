// The event stream, read with fetch because EventSource cannot send a token.

import { open } from './api.js';

/** Frames come once a second; a stream that is silent for this long is dead. */
const SILENCE = 10_000;
const FIRST_WAIT = 500;
const MAX_WAIT = 15_000;
/** A tab that is hidden for longer is no viewer. */
const HIDDEN = 60_000;
/** A stream that ends sooner is one of a service that stops. */
const SHORT = 5000;

/** Keeps a stream open until the result is called. `onState` gets `connecting`, `live`, or `lost`, the seconds to the next try and the error. `renew` runs before each new try. */
export function connect(onFrame, onState, renew) {
	let controller = null;
	let isStopped = false;
	let wait = FIRST_WAIT;
	let retry;
	let hidden;
	let isAgain = false;

	async function run() {
		clearTimeout(retry);
		if (isStopped) return;
		// It begins again when the page is seen.
		if (document.hidden && wait > FIRST_WAIT) { controller = null; return; }
		const own = controller = new AbortController();
		let watchdog;
		let problem;
		const alive = () => {
			clearTimeout(watchdog);
			watchdog = setTimeout(() => own.abort(), SILENCE);
		};
		try {
			alive();
			if (isAgain) await renew(own.signal);
			isAgain = true;
			const body = await open('/dashboard/events', own.signal);
			const opened = Date.now();
			await read(body, alive, (frame) => {
				if (Date.now() - opened > SHORT) wait = FIRST_WAIT;
				onState('live');
				onFrame(frame);
			});
		} catch (error) {
			problem = error;
		} finally {
			clearTimeout(watchdog);
		}
		// Another run has begun, or the page is hidden or signed out.
		if (isStopped || controller !== own) return;
		const delay = wait * (0.75 + Math.random() / 2);
		wait = Math.min(wait * 2, MAX_WAIT);
		onState('lost', delay / 1000, problem);
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
