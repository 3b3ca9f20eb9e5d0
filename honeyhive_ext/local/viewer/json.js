/** Values: JSON that opens level by level, long texts that are cut, images as thumbnails. */
import { Exact, parse } from "./api.js";
import { button, copy, count, cut, h, put } from "./dom.js";

const SHORT = 1500; // characters of a text that are shown at first
const PIECE = 50_000; // characters that are laid out together
const LEVEL = 100; // entries that are shown at first

/** A path or word, in quotes if it needs them. @param {string} text */
export const bare = (text) => (/^[A-Za-z_$@][\w$@.\-/:]*$/.test(text) ? text : JSON.stringify(text));

/** A path as filters have it; positions in arrays have no place in one. @param {string[]} keys */
const pathText = (keys) => bare(keys.join("."));

/** The condition that a value meets. @param {string[]} keys @param {unknown} value */
export function condition(keys, value) {
	const path = pathText(keys);
	if (value === null) return `${path} not exists`;
	if (value instanceof Exact) return `${path} == ${value.text}`;
	if (typeof value === "object") return `${path} exists`;
	const text = typeof value === "string" ? cut(value, 300) : value;
	return `${path} ${text === value ? "==" : "contains"} ${JSON.stringify(text)}`;
}

const isTree = (value) => typeof value === "object" && value !== null && !(value instanceof Exact);

/** A value as text. @param {unknown} value */
const written = (value) => (typeof value === "string" ? value : value instanceof Exact ? value.text
	: JSON.stringify(value, (_, one) => (one instanceof Exact ? (/** @type {any} */ (JSON).rawJSON?.(one.text) ?? Number(one.text)) : one), 2));

/** A text; a long one is cut. @param {string} text */
export function longText(text) {
	const element = h("span.text", { dir: "auto" }, cut(text, SHORT));
	if (text.length <= SHORT) return element;
	const more = button(`show all ${count(text.length)} characters`, () => {
		more.remove();
		const pieces = [];
		// Pieces are laid out once they are near. They end where a line does, if there is one.
		for (let at = 0; at < text.length; ) {
			const piece = cut(text.slice(at, at + PIECE), PIECE);
			const line = piece.length < PIECE - 1 ? 0 : piece.lastIndexOf("\n");
			pieces.push(h("span.piece", {}, line > 0 ? piece.slice(0, line) : piece));
			at += line > 0 ? line + 1 : piece.length;
		}
		put(element, pieces);
	}, { class: "more" });
	return h("span", {}, element, more);
}

/** A thumbnail; null for what is not an image in base64. @param {unknown} url */
export function image(url) {
	if (typeof url !== "string" || !/^data:image\/(png|jpe?g|gif|webp|avif|bmp);base64,/i.test(url.slice(0, 40))) return null;
	const frame = button("", () => frame.classList.toggle("large"), { class: "thumb", "aria-label": "enlarge the image" });
	frame.append(Object.assign(new Image(), { alt: "image of the event", src: url }));
	return frame;
}

/** What a text holds if it is JSON itself. @param {unknown} text */
export function inside(text) {
	try {
		const found = typeof text === "string" && text.length < 2e6 && /^\s*[[{]/.test(text) && parse(text);
		return isTree(found) ? found : null;
	} catch {
		return null;
	}
}

/** What is made only once it is opened. @param {any[]} head @param {() => Node} make @param {string} kind @param {boolean} [open] */
export function folder(head, make, kind, open = false) {
	const fill = () => element.open && element.children.length < 2 && element.append(make());
	const element = h(`details.${kind}`, { open, ontoggle: fill }, h("summary", {}, head));
	fill();
	return element;
}

/** The entries of an object or array. @param {object} value @param {string[] | null} keys where it is; null for inside of a text @param {(condition: string) => void} [narrow] */
export function entries(value, keys, narrow) {
	const all = Object.keys(value);
	const list = h("div.entries", {}, !all.length && h("span.quiet", {}, "empty"));
	const add = (from, to) => {
		for (const key of all.slice(from, to)) list.append(entry(key, value[key], keys && (Array.isArray(value) ? keys : [...keys, key]), narrow));
		if (to >= all.length) return;
		const more = button(`show more of ${count(all.length)}`, () => (more.remove(), add(to, to + 10 * LEVEL)), { class: "more" });
		list.append(more);
	};
	add(0, LEVEL);
	return list;
}

function entry(key, value, keys, narrow) {
	const parsed = inside(value);
	const tree = parsed ?? (isTree(value) ? value : null);
	const action = (label, meaning, does) => button(label, (event) => {
		event.preventDefault(); // what it stands in stays as it is
		does(event);
	}, { "aria-label": `${meaning}${keys ? ` ${pathText(keys)}` : ""}`, title: meaning });
	const tools = h("span.tools", {}, action("copy", "copy the value", (event) => copy(written(value), event)),
		keys && action("path", "copy the path", (event) => copy(pathText(keys), event)),
		keys && narrow && action("filter", "filter on this", () => narrow(condition(keys, value))));
	const name = h("span.key", {}, cut(key, 200));
	if (!tree) return h("div.entry", {}, name, image(value) ?? leaf(value), tools);
	const names = Object.keys(tree);
	const preview = Array.isArray(tree) ? `[${count(names.length)}]` : `{${cut(names.slice(0, 5).join(", "), 80)}${names.length > 5 ? `, … ${count(names.length)}` : ""}}`;
	return folder([name, h("span.quiet", {}, preview, parsed && " · JSON in a text"), tools], () => entries(tree, parsed ? null : keys, narrow), "entry");
}

function leaf(value) {
	if (typeof value === "string" && value) return longText(value);
	return h(`span.${value === null || value === "" ? "quiet" : typeof value}`, {}, value === "" ? '""' : value instanceof Exact ? value.text : String(value));
}
