/** What the page shows is in its address, after the #: every view can be kept, sent and gone back to. */

/** @type {() => void} */
let changed;

/** @returns {State} */
export const address = () => Object.fromEntries(new URLSearchParams(location.hash.slice(1)));

/** @param {State} state */
export const href = (state) => `#${new URLSearchParams(/** @type {any} */ (Object.entries(state).filter(([, value]) => value)))}`;

/** Change what is shown; undefined takes a part away. @param {State} changes @param {boolean} [quiet] whether "back" should not come here again */
export function go(changes, quiet) {
	const to = href({ ...address(), ...changes });
	if (to === (location.hash || "#")) return;
	history[quiet ? "replaceState" : "pushState"](null, "", to);
	changed();
}

/** @param {() => void} listener */
export function onChange(listener) {
	changed = listener;
	addEventListener("popstate", listener);
}
