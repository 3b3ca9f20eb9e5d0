/** Two sessions side by side, and what each has that the other lacks. */
import { fail } from "./api.js";
import { cost, count, duration, h, put } from "./dom.js";
import { crumbs, figures } from "./session.js";
import { SessionStore } from "./store.js";
import { Trace } from "./trace.js";
import { Tree } from "./tree.js";
import { address, go, href } from "./url.js";

/** @typedef {"duration" | "events" | "errors" | "tokens" | "cost"} Figure */
/** @type {[Figure, (value: number | null) => string][]} */
const LINES = [["duration", duration], ["events", count], ["errors", count], ["tokens", count], ["cost", cost]];

/**
 * The rows by a number for their place: the names above and their own, and the how many-th of that name.
 * @param {EventRow[]} rows @param {string} session @param {Map<string, number>} numbers of both sessions
 */
function places(rows, session, numbers) {
	const tree = new Tree(rows, session);
	const own = new Int32Array(rows.length);
	/** @type {Map<string, number>} */
	const seen = new Map();
	/** @type {Map<number, EventRow>} */
	const found = new Map();
	for (let k = 0; k < rows.length; k++) {
		const row = tree.row(k);
		const name = `${tree.up[k] < 0 ? -1 : own[tree.up[k]]}/${row.event_type}/${row.event_type === "session" ? "" : row.event_name}`;
		const nth = seen.get(name) ?? 0;
		seen.set(name, nth + 1);
		const key = `${name}/${nth}`;
		if (!numbers.has(key)) numbers.set(key, numbers.size);
		own[k] = numbers.get(key) ?? 0;
		found.set(own[k], row);
	}
	return found;
}

/** @implements {View} */
export class CompareView {
	/** @param {string} ids */
	constructor(ids) {
		this.ids = ids;
		this.table = h("table.figures");
		this.sides = ids.split(",").slice(0, 2).map((id, at) => {
			/** @type {Map<EventRow, string>} */
			const marks = new Map();
			const own = (changes) => Object.fromEntries(Object.entries(changes).map(([key, value]) => [key + at, value]));
			const trace = new Trace(`session ${at + 1}`, (changes, quiet) => go(own(changes), quiet), (row) => marks.get(row));
			const title = h("a", { href: href({ session: id }), dir: "auto" });
			return { id, trace, title, marks, store: new SessionStore(id, (problem) => (problem ? fail(title, problem) : this.draw())) };
		});
		this.element = h("section.view", { "aria-label": "Two sessions" }, h("div.top", {}, crumbs(), h("h1", {}, "Compare")), this.table,
			h("div.split.two", {}, this.sides.map(({ title, trace }) => h("div.side", {}, h("h2", {}, title), h("div.trace", {}, trace.host)))));
	}

	/** @param {State} _ */
	update(_) {
		this.draw();
	}

	draw() {
		const { sides } = this;
		const state = address();
		if (sides?.length !== 2 || state.compare !== this.ids) return;
		const whole = sides.every(({ store }) => store.whole);
		const rows = sides.map(({ store }) => store.rows);
		if (whole && !this.compared?.every((one, at) => one === rows[at])) {
			this.compared = rows;
			const numbers = new Map();
			const found = sides.map(({ id, store }) => places(store.rows, id, numbers));
			sides.forEach(({ marks }, at) => {
				marks.clear();
				for (const [number, row] of found[at]) {
					const other = found[1 - at].get(number);
					const change = (row.duration_ms ?? 0) - (other?.duration_ms ?? 0);
					if (!other) marks.set(row, "only here");
					else if (at && Math.abs(change) >= 1) marks.set(row, (change > 0 ? "+" : "") + duration(change));
				}
			});
		}
		sides.forEach(({ id, trace, store, title }, at) => {
			put(title, store.rows.find((row) => row.event_id === id)?.event_name || id);
			trace.show(store.rows, id, { event: state[`event${at}`], fold: state[`fold${at}`], focus: state[`focus${at}`] }, null);
		});
		const [one, two] = rows.map(figures);
		put(this.table, h("thead", {}, h("tr", {}, ["", "session 1", "session 2", "change"].map((text) => h("th", { scope: "col" }, text)))),
			h("tbody", {}, LINES.map(([key, text]) => h("tr", {}, h("th", { scope: "row" }, key), [one[key], two[key], (two[key] ?? 0) - (one[key] ?? 0)].map((value) => h("td", {}, text(value)))))));
	}

	close() {
		for (const { store, trace } of this.sides) {
			store.stop.abort();
			trace.list.close();
		}
	}
}
