/** A session's tree and timeline: rows in sight, folds, keys. */
import { cost, count, cut, duration, h, put, shown } from "./dom.js";
import { VirtualList } from "./list.js";
import { drawBar, extent, ticks } from "./timeline.js";
import { CYCLE, NO_END, NO_START, ORPHAN, Projection, Tree } from "./tree.js";

export const TYPES = ["model", "tool", "chain", "session"];
const DEEPEST = 20; // levels that are indented; deeper ones show their number
/** @type {[number, string, string][]} */
const FLAGS = [
	[ORPHAN, "orphan", "its parent is not in this session"],
	[CYCLE, "cycle", "it is its own ancestor; the tree is cut above it"],
	[NO_END, "no end", "it still runs, or its end was lost"],
	[NO_START, "no start", "it has no start time"],
];
let traces = 0;

/** The class of an event, which may have any type. @param {EventRow} row */
export const kind = ({ event_type: type }) => (TYPES.includes(type) ? type : "other");

/** What is folded: the ids named, or with a star all but those. @param {string} [text] */
function folds(text = "") {
	const named = new Set(text.split(",").filter(Boolean));
	return { all: named.delete("*"), named };
}

export class Trace {
	/**
	 * @param {string} label
	 * @param {(changes: State, quiet?: boolean) => void} go
	 * @param {(row: EventRow) => string | undefined} [mark] a word about a row
	 */
	constructor(label, go, mark = () => "") {
		this.go = go;
		this.mark = mark;
		this.id = `t${traces++}-`;
		this.selected = -1;
		this.axis = h("span.lane");
		this.host = h("div.scroll.tree", { role: "tree", tabindex: 0, "aria-label": label, onkeydown: (event) => this.key(event) && event.preventDefault() },
			h("div.row.head", { "aria-hidden": true }, h("span.name", {}, "Event"), ["Duration", "Tokens", "Cost"].map((name) => h("span.num", {}, name)), this.axis));
		this.list = new VirtualList(this.host, 26, () => this.make(), (row, line) => this.fill(row, line));
		this.tree = new Tree([], "");
		this.projection = new Projection(this.tree, [], -1, null);
		this.span = extent(this.tree, [0, 0]);
		/** @type {unknown[]} what the projection was made from */
		this.given = [];
	}

	/** @param {EventRow[]} rows @param {string} session @param {State} state @param {Set<string> | null} found */
	show(rows, session, state, found) {
		const given = [rows, state.fold, state.focus, found];
		if (!given.every((one, at) => one === this.given[at])) {
			if (rows !== this.tree.rows) this.tree = new Tree(rows, session);
			const { all, named } = folds(state.fold);
			const folded = all ? rows.map((row) => row.event_id).filter((id) => !named.has(id)) : [...named].filter((id) => this.tree.place(id) >= 0);
			this.projection = new Projection(this.tree, folded, this.tree.place(state.focus), found);
			this.span = extent(this.tree, this.projection.range);
			put(this.axis, ticks(this.span).map(({ at, label }) => h("i", { style: { left: `${at * 100}%` } }, label)));
		}
		this.given = given;
		this.folding = state.fold;
		const place = this.tree.place(state.event);
		if (place >= 0) this.projection.uncover(place);
		const line = this.projection.line(place);
		this.list.count = this.projection.visible.length;
		if (line >= 0 && place !== this.selected) {
			this.list.set();
			this.list.reveal(line);
		}
		this.selected = place;
		this.list.set();
		this.host.setAttribute("aria-activedescendant", line < 0 ? "" : this.id + line);
	}

	make() {
		const row = h("div.row", { role: "treeitem", onclick: ({ target }) => {
			const place = this.projection.visible[Number(row.dataset.line)];
			if (target.className === "twist") this.fold(place, !this.projection.folded[place]);
			else this.choose(place);
		} }, h("span.name", {}, h("span.twist", { "aria-hidden": true }), h("span.dot"), h("bdi"), h("span.flags")),
		h("span.num"), h("span.num"), h("span.num"), h("span.lane", { "aria-hidden": true }, h("span.bar")));
		return row;
	}

	/** @param {HTMLElement} element @param {number} line */
	fill(element, line) {
		const { tree, projection } = this;
		const place = projection.visible[line];
		const row = tree.row(place);
		const [name, time, tokens, price, lane] = /** @type {any} */ (element.children);
		const [twist, , label, flags] = name.children;
		const leaf = tree.size[place] === 1;
		const folded = !leaf && projection.folded[place];
		const depth = tree.depth[place] - (projection.root < 0 ? 0 : tree.depth[projection.root]);
		const flag = tree.flags[tree.order[place]];
		const below = folded && tree.errors[place];
		const words = FLAGS.filter(([bit]) => flag & bit).map(([, word, title]) => h("span.flag", { title }, word));
		for (const word of [depth > DEEPEST && `level ${depth + 1}`, row.error != null ? "error" : below && `${below} below`, this.mark(row)]) {
			if (word) words.push(h("span.flag", {}, word));
		}
		element.id = this.id + line;
		element.dataset.line = String(line);
		element.className = `row ${kind(row)}${row.error != null || below ? " error" : ""}${projection.keep?.[place] === 1 ? " above" : ""}`;
		Object.assign(element, {
			ariaLevel: tree.depth[place] + 1, ariaPosInSet: tree.position[place], ariaSetSize: tree.setsize[place],
			ariaExpanded: leaf ? null : !folded, ariaSelected: place === this.selected, title: shown(row.error ?? ""),
		});
		name.style.paddingLeft = `${Math.min(depth, DEEPEST) * 14 + 4}px`;
		twist.textContent = leaf ? "" : folded ? "▸" : "▾";
		put(label, cut(row.event_name || "unnamed", 300));
		if (words.length || flags.firstChild) put(flags, words);
		time.textContent = duration(row.duration_ms);
		tokens.textContent = row.total_tokens == null ? "" : count(row.total_tokens);
		price.textContent = row.cost == null ? "" : cost(row.cost);
		drawBar(lane.firstChild, tree, place, this.span);
	}

	/** Select an event. @param {number} place */
	choose(place) {
		this.go({ event: this.tree.row(place).event_id });
	}

	/** @param {number} place @param {boolean} fold */
	fold(place, fold) {
		if (!this.projection.fold(this.projection.line(place), fold)) return;
		const { all, named } = folds(this.folding);
		const { event_id: id } = this.tree.row(place);
		if (fold === all) named.delete(id);
		else named.add(id);
		const text = [...(all ? ["*"] : []), ...named].join(",") || undefined;
		this.given[1] = text; // the splice has done it
		this.go({ fold: text, event: id }, true);
	}

	/** Go to the next event with an error. @param {number} step 1 or -1 */
	nextError(step) {
		const place = this.projection.nextError(Math.max(this.selected, this.projection.range[0] - (step > 0 ? 1 : 0)), step);
		if (place >= 0) this.choose(place);
	}

	/** Do what a key means here; return whether it means anything. @param {KeyboardEvent} event */
	key({ key, altKey, ctrlKey, metaKey }) {
		if (altKey || ctrlKey || metaKey) return false;
		const { projection, tree, selected: place } = this;
		const line = projection.line(place);
		const to = this.list.step(key, line);
		const leaf = tree.size[place] === 1;
		if (to >= 0) this.choose(projection.visible[to]);
		else if (line < 0) return false;
		else if (key === "f") this.go({ focus: leaf ? undefined : tree.row(place).event_id });
		else if (key === "ArrowRight" && !leaf) {
			if (projection.folded[place]) this.fold(place, false);
			else if (projection.visible[line + 1] < place + tree.size[place]) this.choose(projection.visible[line + 1]);
		} else if (key === "ArrowLeft") {
			if (!leaf && !projection.folded[place]) this.fold(place, true);
			else if (tree.up[place] >= projection.range[0]) this.choose(tree.up[place]);
		} else return false;
		return true;
	}
}
