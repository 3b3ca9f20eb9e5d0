/** The events of one session, as they come in pages, and again when they change. */
import { get, keep, pause, query } from "./api.js";

const PAGE = 5000;

export class SessionStore {
	/** @type {number | undefined} */
	version;

	/** @param {string} id @param {(problem?: any) => void} changed called when there are other rows, and when something fails */
	constructor(id, changed) {
		this.path = `_local/sessions/${encodeURIComponent(id)}`;
		this.changed = changed;
		/** @type {EventRow[]} */
		this.rows = [];
		this.total = 0;
		this.whole = false; // whether all have come
		this.stop = new AbortController();
		const { signal } = this.stop;
		keep(signal, () => this.load({ signal }), (problem) => {
			this.version = undefined; // the next answer may be another store's
			changed(problem);
		});
	}

	/** Read every page, once there is another version than the last. @param {{signal: AbortSignal}} options */
	async load(options) {
		const { version } = this;
		/** @type {EventRow[]} */
		let rows = [];
		let now;
		for (let after; after !== null; ) {
			const wait = after || version === undefined ? {} : { version, wait_ms: 20_000 };
			const page = await get(this.path + query({ limit: PAGE, after, ...wait }), options);
			now ??= page.version;
			if (now === version) return;
			rows = rows.concat(page.events);
			after = page.next;
			// At first, what has come is shown at once. Later, what was shown stays until all is there.
			if (version !== undefined && after !== null) continue;
			this.rows = rows;
			this.total = page.total;
			this.whole = after === null;
			this.changed();
		}
		this.version = now;
		await pause(this.rows.length / 10, options.signal); // a large one that grows is read less often
	}
}

/** Find the events of a session that meet filters, with the search that programs use. @param {string} value its id @param {object[]} filters @param {AbortSignal} signal */
export async function search(value, filters, signal) {
	/** @type {Set<string>} */
	const ids = new Set();
	for (let page = 1; ; page++) {
		const json = { filters: [{ field: "session_id", operator: "is", value, type: "string" }, ...filters], limit: 1000, page };
		const { events } = await get("v1/events/search", { json, signal });
		for (const event of events) ids.add(event.event_id);
		if (events.length < 1000) return ids;
	}
}
