/** What programs asked the server, what it refused and why, and the faults that happen to requests. */
import { ask, fail, get, keep, query } from "./api.js";
import { button, count, date, duration, h, put } from "./dom.js";
import { entries, folder } from "./json.js";
import { address, go } from "./url.js";

const LAST = 300; // requests that are shown

/** @implements {View} */
export class RequestsView {
	constructor() {
		/** @type {LoggedRequest[]} */
		this.log = [];
		this.last = -1;
		/** @type {Map<LoggedRequest, HTMLElement>} */
		this.drawn = new Map();
		this.stop = new AbortController();
		this.path = h("input", { "aria-label": "path of the fault", placeholder: "path: /v1/* (any)" });
		this.times = h("input", { "aria-label": "how often", type: "number", min: 1, placeholder: "times (no limit)" });
		this.faults = h("div.faults", { role: "group", "aria-label": "faults" });
		this.note = h("p.note", { role: "status" });
		this.only = h("input", { type: "checkbox", onchange: () => go({ refused: this.only.checked ? "1" : undefined }) });
		this.rows = h("div", { role: "list", "aria-label": "Requests" });
		this.element = h("section.view.requests", { "aria-label": "Requests" },
			h("div.bar", {}, h("h2", {}, "Faults"), this.path, this.times, h("span.quiet", {}, "Switch a fault on, and requests of programs meet it.")), h("div.bar", {}, this.faults),
			h("div.bar", {}, h("h2", {}, "Requests"), h("label", {}, this.only, " refused or failed only"), this.note, button("forget all", () => this.change("_local/requests", { method: "DELETE" }))),
			h("div.scroll", {}, this.rows));
		const { signal } = this.stop;
		keep(signal, () => this.load(signal), (problem) => fail(this.note, problem), 800);
	}

	/** @param {AbortSignal} [signal] */
	async load(signal) {
		this.drawFaults(await get("_local/faults", { signal }));
		const { last } = await get("_local/requests?limit=0", { signal });
		if (last === this.last) return;
		// Numbers begin at 1 again once the log is cleared.
		const after = last > this.last ? Math.max(0, this.last) : 0;
		const { requests } = await get(`_local/requests${query({ after, limit: LAST, bodies: "no" })}`, { signal });
		const newest = after ? this.log[0]?.number ?? 0 : 0; // another load may have been faster
		this.log = [...requests.filter((one) => one.number > newest).reverse(), ...(after ? this.log : [])].slice(0, LAST);
		this.last = last;
		this.update(address());
	}

	/** @param {State} state */
	update({ refused }) {
		this.only.checked = !!refused;
		const seen = this.log.filter((one) => !refused || one.status >= 400 || !one.status || one.violations.length);
		put(this.note, `${count(seen.length)} of the last ${count(this.log.length)}${this.last > this.log.length ? `; ${count(this.last)} in all` : ""}`);
		// A row stays the same element in the same place, so that one that is open or clicked stays so.
		this.drawn = new Map(seen.map((one) => [one, this.drawn.get(one) ?? this.row(one)]));
		const wanted = new Set(this.drawn.values());
		for (const row of [...this.rows.children]) if (!wanted.has(/** @type {HTMLElement} */ (row))) row.remove();
		let next = this.rows.firstChild;
		for (const row of wanted) {
			if (row === next) next = next.nextSibling;
			else this.rows.insertBefore(row, next);
		}
	}

	/** @param {LoggedRequest} one */
	row(one) {
		const head = [h("span.num", {}, one.number), h("span.time", {}, date(one.time, 23).slice(11)), h("b", {}, one.method), h("span", {}, one.path + (one.query && `?${one.query}`)),
			h(one.status >= 400 || !one.status ? "span.bad" : "span", {}, one.status || "broken"), h("span", {}, one.fault && h("span.flag", {}, one.fault)), h("span.num", {}, duration(one.milliseconds)), h("span.why", {}, one.refusal ?? "")];
		return h("div", { role: "listitem" }, folder(head, () => {
			const body = h("div", {}, "…");
			get(`_local/requests${query({ after: one.number - 1, before: one.number + 1 })}`)
				.then(({ requests: [whole] }) => put(body, whole ? entries({ body: whole.body, headers: whole.headers }, null) : "The log has it no more."), (problem) => fail(body, problem));
			return h("div.body", {}, h("table", {}, h("tbody", {}, [...one.errors, ...one.violations].map(({ path, message }) => h("tr", {}, h("td", {}, h("code", {}, path)), h("td", {}, message))))), body);
		}, "request"));
	}

	/** @param {{faults: any[], kinds: string[]}} answer */
	drawFaults({ faults, kinds }) {
		const text = JSON.stringify([faults, kinds]);
		if (text === this.shown) return;
		this.shown = text;
		const at = document.activeElement?.id;
		put(this.faults, kinds.map((kind) => {
			const own = faults.filter((one) => one.kind === kind);
			const on = own.length > 0;
			const fault = () => ({ kind, path: this.path.value || undefined, times: Number(this.times.value) || undefined });
			return button(kind + (on ? ` · ${own.reduce((sum, one) => sum + one.used, 0)}` : ""), () => (on ? this.change(`_local/faults${query({ kind })}`, { method: "DELETE" }) : this.change("_local/faults", { json: fault() })),
				{ role: "switch", id: `fault-${kind}`, "aria-checked": String(on), title: own.map((one) => JSON.stringify(one)).join("\n") });
		}));
		if (at?.startsWith("fault-")) document.getElementById(at)?.focus();
	}

	/** @param {string} path @param {object} options */
	async change(path, options) {
		try {
			await ask(path, options);
			await this.load();
		} catch (problem) {
			fail(this.note, problem);
		}
	}

	close() {
		this.stop.abort();
	}
}
