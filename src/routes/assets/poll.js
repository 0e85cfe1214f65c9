// Reads routes again while a view is open: when the server says that something changed, and at times in any case.

import { fill, problem } from './dom.js';

/** Calls `read(signal)` and then `show(result)` now, when `version()` changes, and every `seconds`. A problem goes into `error`. */
export function poll(context, { read, show, error, version = () => 0, seconds = 10 }) {
	const controller = new AbortController();
	let isReading = false;
	let isAgain = false;
	let isShown = false;
	let last;
	let at = 0;

	async function run() {
		if (isReading) { isAgain = true; return; }
		isReading = true;
		last = version();
		at = Date.now();
		try {
			const result = await read(controller.signal);
			fill(error);
			if (!controller.signal.aborted && !(context.isPaused() && isShown)) show(result);
			isShown = true;
		} catch (refusal) {
			context.refused(refusal);
			if (!controller.signal.aborted) fill(error, problem(refusal));
		}
		isReading = false;
		if (isAgain) { isAgain = false; run(); }
	}

	run();
	return {
		run,
		/** To be called with each frame. */
		frame() {
			if (version() !== last || Date.now() - at > seconds * 1000) run();
		},
		destroy: () => controller.abort(),
	};
}
