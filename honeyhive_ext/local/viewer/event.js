/** One event: what it is, its conversation, and everything that it holds. */
import { ask, Exact, fail, parse } from "./api.js";
import { conversation, thread } from "./chat.js";
import { button, copy, cost, count, date, duration, h, put } from "./dom.js";
import { entries, folder, longText } from "./json.js";
import { coverage, total } from "./timeline.js";
import { kind } from "./trace.js";

const FIRST = ["inputs", "outputs"];
const HEAD = ["event_id", "session_id", "parent_id", "event_name", "event_type", "start_time", "end_time", "duration", "error"];

export class EventPane {
	/** @param {(condition: string) => void} narrow @param {() => void} leave */
	constructor(narrow, leave) {
		this.narrow = narrow;
		this.leave = leave;
		this.element = h("section.event", { "aria-label": "Event", tabindex: 0 });
		this.asked = new AbortController();
		this.shown = "";
	}

	/** @param {import("./tree.js").Tree} tree @param {number} place */
	async show(tree, place) {
		const row = tree.row(place);
		if (JSON.stringify(row) === this.shown) return;
		this.shown = JSON.stringify(row);
		this.asked.abort();
		const { signal } = (this.asked = new AbortController());
		const { gaps, overlaps } = coverage(tree, place);
		const facts = {
			start: date(row.start_ms, 23), duration: duration(row.duration_ms), model: row.model,
			tokens: row.total_tokens != null && `${count(row.total_tokens)} (${count(row.prompt_tokens)} in, ${count(row.completion_tokens)} out)`,
			cost: row.cost != null && cost(row.cost),
			"nothing below ran for": gaps.length > 0 && duration(total(gaps)),
			"several at once for": overlaps.length > 0 && duration(total(overlaps)),
		};
		const body = h("div", {}, h("p.quiet", {}, "…"));
		put(this.element, h("header", {}, h(`span.chip.${kind(row)}`, {}, row.event_type), h("h2", { dir: "auto" }, row.event_name || "unnamed"),
			button("copy id", (event) => copy(row.event_id, event)), button("×", this.leave, { "aria-label": "close the event" })),
		h("dl.facts", {}, Object.entries(facts).map(([name, value]) => value && h("div", {}, h("dt", {}, name), h("dd", {}, value)))), body);
		try {
			const { event } = parse(await (await ask(`_local/events/${encodeURIComponent(row.event_id)}`, { signal })).text());
			put(body, this.parts(event));
		} catch (problem) {
			fail(body, problem);
		}
	}

	/** @param {any} event */
	parts(event) {
		const { before, after } = conversation(event);
		const chat = before.length + after.length > 0;
		const lines = (value, keys) => entries(value, keys, this.narrow);
		const isPart = (key) => Object(event[key]) === event[key] && !HEAD.includes(key) && !(event[key] instanceof Exact);
		const keys = [...FIRST.filter((key) => key in event), ...Object.keys(event).filter((key) => !FIRST.includes(key))];
		const own = [...HEAD.filter((key) => key in event), ...keys.filter((key) => !isPart(key) && !HEAD.includes(key))];
		const { error } = event;
		return [
			error != null && h("div.failure", { role: "note", "aria-label": "error" }, typeof error === "string" ? longText(error) : lines({ error }, [])),
			chat && folder([h("b", {}, "conversation")], () => h("div", {}, thread(before, "input messages"), thread(after, "output messages")), "part", true),
			keys.filter((key) => isPart(key) && Object.keys(event[key]).length).map((key) =>
				folder([h("b", {}, key), h("span.quiet", {}, count(Object.keys(event[key]).length))], () => lines(event[key], [key]), "part", !chat && FIRST.includes(key))),
			folder([h("b", {}, "event")], () => lines(Object.fromEntries(own.map((key) => [key, event[key]])), []), "part"),
		];
	}
}
