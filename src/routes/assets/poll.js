// Reads routes again while a view is open: when the server says that something changed, and at times in any case.

/**
 * Calls `read(signal)` now, when `version()` changes and every `seconds`; then `show(result, error)`. Never two at once.
 */
export function poll(context, { read, show, version = () => 0, seconds = 10 }) {
	const controller = new AbortController();
	let isReading = false;
	let isAgain = false;
	let last;
	let at = 0;

	async function run() {
		if (isReading) { isAgain = true; return; }
		isReading = true;
		last = version();
		at = Date.now();
		let result = null;
		let error = null;
		try {
			result = await read(controller.signal);
		} catch (problem) {
			error = problem;
			context.refused(problem);
		}
		isReading = false;
		if (controller.signal.aborted) return;
		if (!context.isPaused() || !result) show(result, error);
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
