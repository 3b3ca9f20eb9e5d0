/** A conversation: what an event's inputs, outputs and template say, whoever wrote them. */
import { h } from "./dom.js";
import { entries, image, inside, longText } from "./json.js";

/** @typedef {{role: string, content: any, calls: {id: any, name: any, args: any}[], template?: any[]}} Message */

const ROLES = new Map([["human", "user"], ["ai", "assistant"], ["model", "assistant"]]);
const own = (value, name) => (Object(value) === value && Object.hasOwn(value, name) ? value[name] : undefined);

/** The first value that is there, nested or under a name with dots. @param {any} value @param {...string} names */
function pick(value, ...names) {
	for (const name of names) {
		const found = own(value, name) ?? name.split(".").reduce(own, value);
		if (found != null) return found;
	}
}

/** The calls of tools: an array, an object by number, or flattened names. @param {any} message */
function calls(message) {
	const found = Object.values(message.tool_calls ?? {});
	for (const [key, value] of Object.entries(message)) {
		const part = /^tool_calls\.(\d{1,3})\.(.+)$/.exec(key);
		if (part) (found[Number(part[1])] ??= {})[part[2]] = value;
	}
	return [...found, message.function_call].filter((one) => one && typeof one === "object").map((one) => ({
		id: pick(one, "id", "tool_call_id"),
		name: pick(one, "function.name", "name") ?? "tool",
		args: pick(one, "function.arguments", "arguments", "args", "input"),
	}));
}

/** @param {any} one @returns {Message} */
function message(one) {
	if (!one || typeof one !== "object") return { role: "", content: one, calls: [] };
	const role = String(one.role ?? one.type ?? "");
	return { role: ROLES.get(role) ?? role, content: one.content ?? one.text ?? one.parts, calls: calls(one) };
}

const messages = (given) => {
	const list = Array.isArray(given) ? given.map((one) => inside(one) ?? one?.message ?? one) : [];
	return list.some((one) => one && typeof one === "object") ? list.map(message) : [];
};
const told = ({ content, calls: made }) => JSON.stringify([content, made]);

/** The conversation of an event, what it was given and what it said. @param {any} event @returns {{before: Message[], after: Message[]}} */
export function conversation({ inputs, outputs, config }) {
	const [before, after] = [inputs, outputs].map((one) => {
		const history = messages(one?.chat_history);
		return history.length ? history : messages(one?.messages ?? one?.choices);
	});
	messages(config?.template).forEach((one, at) => {
		if (typeof one.content !== "string") return;
		// At odd positions, the variables.
		/** @type {any[]} */
		const parts = one.content.split(/\{\{\s*([^{}]+?)\s*\}\}/).map((part, n) => (n % 2 ? { name: part, value: String(pick(inputs, part) ?? `{{${part}}}`) } : part));
		const content = parts.map((part) => part.value ?? part).join("");
		before[at] ??= { ...one, content };
		before[at].template = before[at].content === content ? parts : [];
	});
	const last = message(outputs);
	if (outputs?.role || last.calls.length || typeof outputs?.text === "string") {
		last.role ||= "assistant";
		if (!after.some((one) => told(one) === told(last))) after.push(last);
	}
	return { before, after };
}

/** @param {any} value @returns {Node} */
function content(value) {
	if (Array.isArray(value)) return h("div", {}, value.map(part));
	if (value && typeof value === "object") return part(value);
	const parsed = inside(value);
	return parsed ? entries(parsed, null) : longText(value == null ? "" : String(value));
}

/** A part of a content: text, image or anything. @param {any} one @returns {Node} */
function part(one) {
	if (!one || typeof one !== "object") return longText(String(one));
	const source = pick(one, "source", "inline_data", "inlineData", "image") ?? one;
	const media = pick(source, "media_type", "mime_type", "mimeType");
	const data = pick(source, "data", "base64");
	const url = pick(one, "image_url.url", "image_url", "url");
	const text = one.text ?? one.content;
	// An image from elsewhere is not loaded.
	return image(media && data ? `data:${media};base64,${data}` : url) ?? (typeof text === "string" ? h("div", {}, longText(text)) : entries(one, null));
}

/** @param {Message[]} list @param {string} label */
export const thread = (list, label) => h("div", { role: "group", "aria-label": label }, list.map(({ role, template, calls: made, ...one }) =>
	h(`div.message.${/^\w+$/.test(role) ? role : "other"}`, {}, h("div.role", {}, role || "message", template && h("span.chip", {}, "template")),
		template?.length ? h("span.text", { dir: "auto" }, template.map((piece) => (piece.name ? h("mark", { title: piece.name }, piece.value) : piece))) : content(one.content),
		made.map(({ id, name, args }) => h("div.call", {}, h("b", {}, `${name}()`), h("span.quiet", {}, ` ${id ?? ""}`), content(args))))));
