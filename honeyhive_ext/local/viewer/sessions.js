/** The table of sessions, which grows as new ones come. */
import { fail, get, keep, query } from "./api.js";
import { button, cost, count, date, duration, finder, h, put, save } from "./dom.js";
import { FilterBar } from "./filter.js";
import { VirtualList } from "./list.js";
import { address, go, href } from "./url.js";

const PAGE = 200;
const some = (show, value) => (value ? show(value) : "");
/** @type {[string, string, (row: SessionRow) => string][]} */
const COLUMNS = [
	["start", "Start", (row) => date(row.start_ms)],
	["duration", "Duration", (row) => duration(row.duration_ms)],
	["events", "Events", (row) => count(row.events)],
	["errors", "Errors", (row) => some(count, row.errors)],
	["tokens", "Tokens", (row) => some(count, row.total_tokens)],
	["cost", "Cost", (row) => some(cost, row.cost)],
	["", "Feedback", ({ feedback }) => (feedback && typeof feedback === "object" ? Object.entries(feedback).map(([key, value]) => (Object(value) === value ? key : `${key}: ${value}`)).join(", ") : String(feedback || ""))],
];

/** @implements {View} */
export class SessionsView {
	constructor() {
		/** @type {SessionRow[]} */
		this.rows = [];
		/** @type {string | null} */
		this.next = null;
		this.asked = new AbortController();
		/** @type {Set<string>} */
		this.picked = new Set();
		this.at = -1;
		this.find = finder("search sessions", (search) => go({ search }, true));
		this.filter = new FilterBar("filter sessions", (filter) => go({ filter }));
		this.note = h("p.note", { role: "status" });
		this.both = button("compare", () => go({ compare: [...this.picked].join(",") }), { disabled: true, title: "pick two sessions" });
		this.head = h("div.row.head", { role: "row", "aria-rowindex": 1 });
		this.host = h("div.scroll.grid", { role: "grid", tabindex: 0, "aria-label": "Sessions", onkeydown: (event) => this.move(event) && event.preventDefault(), onscroll: () => this.more() },
			h("div", { role: "rowgroup", style: { display: "contents" } }, this.head));
		this.list = new VirtualList(this.host, 30, () => this.make(), (row, index) => this.fill(row, index));
		this.list.space.setAttribute("role", "rowgroup");
		this.element = h("section.view", { "aria-label": "Sessions" },
			h("div.bar", {}, this.find, this.filter.element, this.both, button("export", () => this.export(), { title: "save all rows of this table as JSON Lines" })), this.note, this.host);
	}

	/** @param {State} state */
	update({ sort = "-start", search = "", filter }) {
		this.filter.set(filter);
		if (this.find.value !== search) this.find.value = search;
		const asked = query({ sort, search, filter });
		if (asked === this.query) return;
		this.query = asked;
		const down = sort.startsWith("-");
		put(this.head, h("span", { role: "columnheader", "aria-label": "pick" }), [["name", "Name"], ...COLUMNS].map(([key, label]) => {
			const now = sort === key || sort === `-${key}`;
			return h(`span.${key === "name" || !key ? "name" : "num"}`, { role: "columnheader", "aria-sort": now && (down ? "descending" : "ascending") },
				key ? button(label + (now ? (down ? " ↓" : " ↑") : ""), () => go({ sort: (now ? down : key === "name") ? key : `-${key}` })) : label);
		}));
		this.asked.abort();
		const { signal } = (this.asked = new AbortController());
		this.version = undefined;
		keep(signal, () => this.load(signal), (problem) => {
			this.version = undefined; // the next answer may be another store's
			fail(this.note, problem);
		});
	}

	/** Ask for a page. @param {object} more @param {AbortSignal} [signal] */
	page(more, signal) {
		return get(`_local/sessions${this.query}&${query({ limit: PAGE, ...more }).slice(1)}`, { signal });
	}

	/** Show the table once it is another than the last. @param {AbortSignal} signal */
	async load(signal) {
		const { version } = this;
		let page = await this.page(version === undefined ? {} : { version, wait_ms: 20_000 }, signal);
		if (page.version === version) return;
		const now = page.version;
		let rows = page.sessions;
		// What has been scrolled to stays there.
		while (version !== undefined && page.next && rows.length < this.rows.length) {
			page = await this.page({ after: page.next }, signal);
			rows = rows.concat(page.sessions);
		}
		this.version = now;
		this.take(rows, page);
	}

	/** @param {SessionRow[]} rows @param {{total: number, next: string | null}} page the last */
	take(rows, { total, next }) {
		this.rows = rows;
		this.next = next;
		const { search, filter } = address();
		put(this.note, total ? `${count(total)} ${total === 1 ? "session" : "sessions"}` : search || filter ? "No session matches." : "No sessions yet. They appear here as they are sent.");
		this.host.setAttribute("aria-rowcount", String(total + 1));
		this.list.set(rows.length);
		this.more();
	}

	async more() {
		const { host, next, asked: { signal } } = this;
		if (!next || this.loading === next || host.scrollTop + host.clientHeight * 2 < host.scrollHeight) return;
		this.loading = next;
		try {
			const page = await this.page({ after: next }, signal);
			if (this.next === next) this.take(this.rows.concat(page.sessions), page);
		} catch (problem) {
			this.loading = null;
			fail(this.note, problem);
		}
	}

	make() {
		const row = h("div.row", { role: "row", onclick: (event) => {
			if (event.target.matches("input") || event.ctrlKey || event.metaKey) return;
			event.preventDefault();
			this.open(Number(row.dataset.index));
		} }, h("span", { role: "gridcell" }, h("input", { type: "checkbox", tabindex: -1, onchange: () => this.pick(Number(row.dataset.index)) })),
		h("span.name", { role: "gridcell" }, h("a", { tabindex: -1 })), COLUMNS.map(([key]) => h(`span.${key ? "num" : "name"}`, { role: "gridcell" })));
		return row;
	}

	/** @param {HTMLElement} element @param {number} index */
	fill(element, index) {
		const row = this.rows[index];
		const [pick, name, ...cells] = /** @type {any} */ (element.children);
		element.dataset.index = String(index);
		element.className = row.errors ? "row error" : "row";
		Object.assign(element, { id: `s${index}`, ariaRowIndex: index + 2, ariaSelected: index === this.at, title: row.session_id });
		pick.firstChild.checked = this.picked.has(row.session_id);
		pick.firstChild.ariaLabel = `compare ${row.session_id}`;
		name.firstChild.href = href({ ...address(), session: row.session_id });
		put(name.firstChild, h("bdi", {}, row.name || row.session_id), !row.has_session_event && h("span.flag", { title: "events of it came, but no session event" }, "no session event"));
		COLUMNS.forEach(([, , text], at) => put(cells[at], h("bdi", {}, text(row))));
	}

	pick(index) {
		const { session_id: id } = this.rows[index];
		if (!this.picked.delete(id)) this.picked.add(id);
		if (this.picked.size > 2) this.picked.delete([...this.picked][0]);
		this.both.disabled = this.picked.size !== 2;
		this.list.set();
	}

	open(index) {
		go({ session: this.rows[index].session_id });
	}

	/** @param {KeyboardEvent} event */
	move({ key, target }) {
		const to = this.list.step(key, this.at);
		if (to >= 0) {
			this.at = to;
			this.list.reveal(to);
			this.list.set();
			this.host.setAttribute("aria-activedescendant", `s${to}`);
		} else if (this.at < 0 || /** @type {Element} */ (target).matches("button")) return false;
		else if (key === "Enter") this.open(this.at);
		else if (key === " ") this.pick(this.at);
		else return false;
		return true;
	}

	async export() {
		try {
			let { rows } = this;
			for (let after = this.next; after; ) {
				const page = await this.page({ after, limit: 1000 });
				rows = rows.concat(page.sessions);
				after = page.next;
			}
			save(rows.map((row) => `${JSON.stringify(row)}\n`), "sessions.jsonl");
		} catch (problem) {
			fail(this.note, problem);
		}
	}

	/** @param {KeyboardEvent} event */
	key(event) {
		if (event.key === "/") this.find.focus();
		else if (event.target === document.body && this.move(event)) this.host.focus();
		else return false;
		return true;
	}

	close() {
		this.asked.abort();
		this.list.close();
	}
}
