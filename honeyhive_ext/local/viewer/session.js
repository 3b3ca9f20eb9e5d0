/** The view of one session: its figures, its trace, and the event that is selected. */
import { ask, fail, get, query } from "./api.js";
import { button, cost, count, date, duration, finder, h, put, save } from "./dom.js";
import { EventPane } from "./event.js";
import { FilterBar } from "./filter.js";
import { search, SessionStore } from "./store.js";
import { Trace, TYPES } from "./trace.js";
import { endOf } from "./tree.js";
import { address, go, href } from "./url.js";

const AWAY = { session: undefined, compare: undefined, event: undefined, focus: undefined, fold: undefined, q: undefined, where: undefined };

/** The way back. */
export const crumbs = () => h("nav", { "aria-label": "path" }, h("a", { href: href({ ...address(), ...AWAY }) }, "Sessions"), " /");

/** The figures of a session. @param {EventRow[]} rows */
export function figures(rows) {
	let [start, end, errors, tokens, usd] = [Infinity, -Infinity, 0, 0, 0];
	for (const row of rows) {
		start = Math.min(start, row.start_ms ?? Infinity);
		end = Math.max(end, endOf(row) ?? -Infinity);
		if (row.error != null) errors++;
		if (row.event_type === "session") continue; // its figures are sums of the others
		tokens += row.total_tokens ?? 0;
		usd += row.cost ?? 0;
	}
	return { start: start < Infinity ? start : null, duration: end >= start ? end - start : null, events: rows.length, errors, tokens, cost: usd };
}

/** @implements {View} */
export class SessionView {
	/** @param {string} id */
	constructor(id) {
		this.id = id;
		this.asked = new AbortController();
		this.trace = new Trace("events", go);
		this.pane = new EventPane((condition) => go({ where: [address().where, condition].filter(Boolean).join(" and ") }), () => go({ event: undefined }));
		this.filter = new FilterBar("filter events", (where) => go({ where }));
		this.find = finder("search names", (q) => go({ q }, true));
		/** @type {ReturnType<SessionView["left"]>} */
		this.found = { of: null, ids: null };
		this.title = h("h1", { dir: "auto", title: id });
		this.facts = h("p.figures");
		this.progress = h("progress", { "aria-label": "events received" });
		this.note = h("p.note", { role: "status" });
		this.errors = button("", () => this.trace.nextError(1), { class: "errors", title: "go to the next error (e)" });
		this.whole = button("whole session", () => go({ focus: undefined }));
		this.focus = button("focus", () => go({ focus: address().event }), { title: "show only what is below the selected event (f)" });
		this.element = h("section.view", { "aria-label": "Session" },
			h("div.top", {}, crumbs(), this.title, this.facts, this.progress, button("export", () => this.export(), { title: "save the events that are left by focus, search and filter, as JSON Lines" })),
			h("div.bar", {}, this.find, this.filter.element),
			h("div.bar", {}, this.errors, button("fold all", () => go({ fold: "*", event: undefined })), button("unfold all", () => go({ fold: undefined })), this.focus, this.whole,
				h("span.legend", { "aria-hidden": true }, TYPES.map((type) => h(`span.${type}`, {}, h("span.dot"), type)), h("span.shade"), "gap", h("span.shade.lap"), "overlap"), this.note),
			h("div.split", {}, h("div.trace", {}, this.trace.host), this.pane.element));
		this.store = new SessionStore(id, (problem) => this.draw(problem));
	}

	/** @param {State} state */
	update({ where = "", q = "" }) {
		this.filter.set(where);
		if (this.find.value !== q) this.find.value = q;
		if (where !== (this.where ?? "")) this.ask(where);
		this.draw();
	}

	/** Find the events that meet the conditions. @param {string} where */
	async ask(where) {
		if (where !== this.where) this.matches = null;
		this.where = where;
		this.filtered = this.store.rows;
		this.asked.abort();
		const { signal } = (this.asked = new AbortController());
		let trouble;
		try {
			this.matches = where ? await search(this.id, (await get(`_local/filter${query({ text: where })}`, { signal })).filters, signal) : null;
		} catch (problem) {
			trouble = problem;
		}
		if (!signal.aborted) this.draw(trouble);
	}

	/** @param {any} [problem] */
	draw(problem) {
		const state = address();
		if (!this.store || state.session !== this.id) return;
		const { rows, total, whole } = this.store;
		if (rows !== this.trace.tree.rows || !this.sums) this.sums = figures(rows);
		const { start, duration: length, errors, tokens, cost: usd } = this.sums;
		put(this.title, rows.find((row) => row.event_id === this.id)?.event_name || this.id);
		put(this.facts, `${date(start)} · ${duration(length)} · ${count(total)} events · ${count(tokens)} tokens · ${cost(usd)}`);
		put(this.errors, `${count(errors)} ${errors === 1 ? "error" : "errors"}`);
		this.errors.disabled = !errors;
		this.focus.disabled = !state.event;
		this.whole.hidden = !state.focus;
		this.progress.hidden = whole;
		if (total) Object.assign(this.progress, { max: total, value: rows.length });
		if (state.q !== this.q || rows !== this.trace.tree.rows || this.matches !== this.found.of) this.found = this.left(state.q);
		this.q = state.q;
		this.trace.show(rows, this.id, state, this.found.ids);
		put(this.note, !whole ? `${count(rows.length)} of ${count(total)} events received` : this.found.ids ? `${count(this.trace.projection.matches)} of ${count(total)} events match` : !total && "This session has no events.");
		if (this.where && whole && this.filtered !== rows) this.ask(this.where); // new events may match too
		if (problem) fail(this.note, problem);
		const place = this.trace.tree.place(state.event);
		this.pane.element.hidden = place < 0;
		if (place >= 0) this.pane.show(this.trace.tree, place);
	}

	/** What search and filter leave; null for all. @param {string} [q] @returns {{of: Set<string> | null | undefined, ids: Set<string> | null}} */
	left(q = "") {
		const of = this.matches;
		if (!q) return { of, ids: of ?? null };
		const text = q.toLowerCase();
		const holds = (row) => (!of || of.has(row.event_id)) && [row.event_name, row.model, row.error, row.event_id].some((one) => one?.toLowerCase().includes(text));
		return { of, ids: new Set(this.store.rows.filter(holds).map((row) => row.event_id)) };
	}

	async export() {
		const { projection: { range: [from, to], keep }, tree } = this.trace;
		const ids = [];
		for (let k = from; k < to; k++) if (!keep || keep[k] === 2) ids.push(tree.row(k).event_id);
		const parts = [];
		try {
			for (let at = 0; at < ids.length; at += 5000) {
				put(this.note, `${count(at)} of ${count(ids.length)} events saved`);
				parts.push(await (await ask("_local/export", { json: { event_ids: ids.slice(at, at + 5000) } })).blob());
			}
			save(parts, `session-${this.id}.jsonl`);
			put(this.note, `${count(ids.length)} events saved`);
		} catch (problem) {
			fail(this.note, problem);
		}
	}

	/** @param {KeyboardEvent} event */
	key(event) {
		const { key } = event;
		if (key === "/") this.find.focus();
		else if (key === "e" || key === "E") this.trace.nextError(key === "e" ? 1 : -1);
		else if (key === "Escape") go({ event: undefined });
		else if (event.target === document.body && this.trace.key(event)) this.trace.host.focus();
		else return false;
		return true;
	}

	close() {
		this.asked.abort();
		this.store.stop.abort();
		this.pane.asked.abort();
		this.trace.list.close();
	}
}
