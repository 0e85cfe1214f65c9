// Reads routes again while a view is open: when the server says that something changed, and at times in any case.

import { fill, problem } from './dom.js';

/** At most one change of the version in this time is read. */
const PAUSE = 2000;

/** Calls `read(signal)` and then `show(result)` now, when `key()` changes, soon after `version()` did, and every `seconds`. */
export function poll(context, { read, show, error, key = () => '', version = () => 0, seconds = 5 }) {
	const controller = new AbortController();
	let isReading = false;
	let isAgain = false;
	let isShown = false;
	/** A result of a pause. */
	let held;
	let last;
	let lastKey;
	let at = 0;

	function present() {
		if (!held || controller.signal.aborted || context.isPaused() && isShown) return;
		isShown = true;
		const { result } = held;
		held = null;
		show(result);
	}

	async function run() {
		if (isReading) { isAgain = true; return; }
		isReading = true;
		last = version();
		lastKey = key();
		at = Date.now();
		try {
			const result = await read(controller.signal);
			fill(error);
			held = { result };
			present();
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
			present();
			const age = Date.now() - at;
			if (key() !== lastKey || age > seconds * 1000 || version() !== last && age > PAUSE) run();
		},
		destroy: () => controller.abort(),
	};
}
