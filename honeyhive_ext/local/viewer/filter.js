/** The filter bar: conditions as the API knows them, with completion, and what they are in a request and in Python. */
import { fail, get, query } from "./api.js";
import { button, copy, h, put } from "./dom.js";
import { bare } from "./json.js";

const OPERATORS = ["==", "!=", ">", "<", "contains", "not contains", "exists", "not exists", "after", "before", "is", "is not"];
const FIELD = /\s*(?:("[^"]*")|([^\s"]+))$/; // at the end
const BEGIN = /(^|\band|&|\()$/i; // before a condition

/** @param {string} prefix @returns {Promise<{name: string, values?: unknown[] | null}[]>} */
const fields = (prefix) => get(`_local/fields${query({ prefix })}`).then((answer) => answer.fields.map((one) => (one.name ? one : { name: one })), () => []);

export class FilterBar {
	/** @param {string} label @param {(text: string | undefined) => void} apply */
	constructor(label, apply) {
		this.apply = apply;
		/** @type {string[]} */
		this.choices = [];
		this.choice = -1;
		this.from = 0;
		this.turn = 0; // an answer that comes after the next key is too late
		this.asked = new AbortController();
		this.input = h("input", {
			type: "search", role: "combobox", "aria-label": label, "aria-autocomplete": "list", "aria-controls": "choices", "aria-expanded": false,
			placeholder: "Filter: metadata.cost > 0.5 and event_type == model", spellcheck: "false", autocomplete: "off",
			oninput: () => this.typed(), onfocus: () => this.complete(), onblur: () => this.offer([]), onkeydown: (event) => this.key(event),
		});
		this.options = h("div.options", { id: "choices", role: "listbox", "aria-label": "completions", hidden: true });
		this.told = h("div.told", { "aria-live": "polite" });
		this.element = h("div.filter", {}, this.input, this.options, this.told);
	}

	/** Show the conditions that are applied. @param {string} [text] */
	set(text = "") {
		if (text === this.text) return;
		this.text = text;
		this.input.value = text;
		this.explain();
	}

	typed() {
		this.explain();
		this.complete();
	}

	/** Say what the conditions are as a request and in Python, or what is wrong with them. */
	async explain() {
		const text = this.input.value;
		const { input, told } = this;
		this.asked.abort();
		const { signal } = (this.asked = new AbortController());
		let wrong = false;
		try {
			const answer = text.trim() && (await get(`_local/filter${query({ text })}`, { signal }));
			const lines = answer ? { request: JSON.stringify(answer.body), Python: answer.python } : {};
			put(told, answer?.warnings?.map((one) => h("div", {}, one)), Object.entries(lines).map(([name, line]) =>
				h("div", {}, h("span.quiet", {}, name), h("code", {}, line), button("copy", (event) => copy(line, event), { "aria-label": `copy the ${name}` }))));
		} catch (problem) {
			if (signal.aborted) return;
			wrong = true;
			fail(told, problem);
			const { position, length, suggestion } = problem.body ?? {};
			if (position == null) return;
			const end = position + length;
			const [head, part, tail] = [text.slice(0, position), text.slice(position, end), text.slice(end)];
			put(told, h("div.problem", {}, h("code", {}, head, h("u", {}, part || " "), tail), h("span", {}, problem.message),
				suggestion != null && button(`write ${suggestion || "nothing"}`, () => {
					input.value = head + suggestion + tail;
					input.focus();
					this.typed();
				})));
		} finally {
			input.setAttribute("aria-invalid", String(wrong));
		}
	}

	async complete() {
		const turn = ++this.turn;
		const end = this.input.selectionStart ?? 0;
		const before = this.input.value.slice(0, end);
		const [word] = /("[^"]*|[^\s"'()&]*)$/.exec(before) ?? [""];
		const from = end - word.length;
		const rest = before.slice(0, from).trimEnd();
		/** @type {string[]} */
		let found = [];
		if (BEGIN.test(rest)) {
			found = (await fields(word.replace('"', ""))).map(({ name }) => bare(name));
		} else if (BEGIN.test(rest.replace(FIELD, ""))) found = OPERATORS;
		else if (!/ exists$/.test(rest)) {
			// A value: those that events have.
			const before = rest.replace(/\s*([=!<>]+|\b(is|not|contains|after|before|greater|less|than)\b\s*)+$/, "");
			const [, quoted, plain] = (before !== rest && FIELD.exec(before)) || [];
			const name = quoted?.slice(1, -1) ?? plain;
			const values = name ? (await fields(name)).find((one) => one.name === name)?.values : [];
			found = (values ?? []).map((one) => (typeof one === "string" ? bare(one) : String(one)));
		}
		const begun = word.replace('"', "");
		found = found.filter((one) => one.replace('"', "").startsWith(begun));
		if (turn === this.turn) this.offer(found.filter((one) => one !== word).slice(0, 12), from);
	}

	/** @param {string[]} choices @param {number} [from] where the word begins that they complete */
	offer(choices, from = 0) {
		this.choices = document.activeElement === this.input ? choices : [];
		this.from = from;
		this.mark(-1);
	}

	/** @param {number} choice */
	mark(choice) {
		this.choice = choice;
		put(this.options, this.choices.map((text, at) => h("div", { role: "option", id: `choice${at}`, "aria-selected": String(at === choice), onmousedown: (event) => {
			event.preventDefault();
			this.take(at);
		} }, text)));
		this.options.hidden = !this.choices.length;
		this.input.setAttribute("aria-expanded", String(!this.options.hidden));
		this.input.setAttribute("aria-activedescendant", choice < 0 ? "" : `choice${choice}`);
	}

	take(at) {
		this.input.setRangeText(`${this.choices[at]} `, this.from, this.input.selectionStart ?? 0, "end");
		this.typed();
	}

	/** @param {KeyboardEvent} event */
	key(event) {
		this.turn++;
		const { key } = event;
		const n = this.choices.length;
		const { choice } = this;
		if (n && key === "ArrowDown") this.mark((choice + 1) % n);
		else if (n && key === "ArrowUp") this.mark((Math.max(choice, 0) + n - 1) % n);
		else if (choice >= 0 && (key === "Tab" || key === "Enter")) this.take(choice);
		else if (n && key === "Escape") this.offer([]);
		else if (key === "Enter") {
			this.offer([]);
			this.apply(this.input.value.trim() || undefined);
		} else return;
		event.preventDefault();
		event.stopPropagation();
	}
}
