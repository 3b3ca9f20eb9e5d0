/** Elements, and how texts and numbers are shown. Nothing on this page takes markup. */

/**
 * Make an element, such as h("li.row", {role: "row", onclick: open}, "text").
 * @type {H}
 */
export const h = (tag, props = {}, ...children) => {
	const [name, ...classes] = tag.split(".");
	const element = document.createElement(name);
	if (classes.length) element.className = classes.join(" ");
	for (const [key, value] of Object.entries(props)) {
		if (value == null || value === false) continue;
		if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
		else if (key === "style") Object.assign(element.style, value);
		else element.setAttribute(key, value === true ? "" : shown(String(value)));
	}
	put(element, ...children);
	return element;
};

/** Give an element these children. @param {Element} element @param {...any} children nodes, texts, lists; false and null are left out */
export function put(element, ...children) {
	const given = children.flat(9).filter((one) => one != null && one !== false);
	element.replaceChildren(...given.map((one) => (one instanceof Node ? one : shown(String(one)))));
}

/** @param {string} label @param {(event: any) => void} onclick @param {object} [props] */
export const button = (label, onclick, props) => h("button", { type: "button", ...props, onclick }, label);

/** A search field. @param {string} label @param {(text: string | undefined) => void} use */
export const finder = (label, use) =>
	h("input", { type: "search", "aria-label": label, placeholder: "Search  /", oninput: (event) => use(event.target.value || undefined) });

// Controls, and what hides or turns text. Joiners (U+200C, U+200D) stay: scripts and emoji need them.
const HIDDEN =
	/[\0-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/** Return a text with a visible sign for each character that would hide or turn others. @param {string} text */
export const shown = (text) =>
	text.replaceAll("\r\n", "\n").replace(HIDDEN, (one) => {
		const code = one.codePointAt(0) ?? 0;
		return code < 32 ? String.fromCharCode(0x2400 + code) : `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
	});

/** Cut a text, never in the middle of a character. @param {string} text @param {number} most */
export const cut = (text, most) => (text.length <= most ? text : text.slice(0, (text.codePointAt(most - 1) ?? 0) > 0xffff ? most - 1 : most));

/** @param {number | null} [ms] */
export function duration(ms) {
	if (ms == null) return "–";
	if (ms < 0) return `-${duration(-ms)}`;
	if (ms < 1000) return `${Number(ms.toFixed(ms < 1 ? 2 : 0))} ms`;
	if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
	const seconds = Math.round(ms / 1000);
	const minutes = Math.floor(seconds / 60);
	return seconds < 3600 ? `${minutes} m ${seconds % 60} s` : `${count(Math.floor(minutes / 60))} h ${minutes % 60} m`;
}

const NUMBERS = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });

/** @param {number | null} [value] */
export const count = (value) => (value == null ? "–" : NUMBERS.format(value));

/** @param {number | null} [usd] @returns {string} */
export const cost = (usd) =>
	usd == null ? "–" : usd < 0 ? `-${cost(-usd)}` : usd && usd < 0.0001 ? "<$0.0001" : `$${usd.toFixed(usd && usd < 0.1 ? 4 : 2)}`;

/** @param {number | null} ms @param {number} [length] 19 up to seconds, 23 up to milliseconds */
export function date(ms, length = 19) {
	if (ms == null) return "–";
	const at = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
	return Number.isNaN(at.getTime()) ? String(ms) : at.toISOString().replace("T", " ").slice(0, length);
}

/** @param {string} text @param {Event} event whose button says that it is done */
export async function copy(text, { currentTarget }) {
	const where = /** @type {Element} */ (currentTarget);
	try {
		await navigator.clipboard.writeText(text);
	} catch {
		// Only pages of this machine and of HTTPS have the clipboard.
		const area = h("textarea.away");
		area.value = text;
		document.body.append(area);
		area.select();
		document.execCommand("copy");
		area.remove();
	}
	say("copied");
	where.classList.add("done");
	setTimeout(() => where.classList.remove("done"), 1200);
}

/** Tell a screen reader. @param {string} text */
export const say = (text) => put(/** @type {Element} */ (document.getElementById("live")), text);

/** Save JSON Lines. @param {BlobPart[]} parts @param {string} name */
export function save(parts, name) {
	const href = URL.createObjectURL(new Blob(parts, { type: "application/x-ndjson" }));
	h("a", { href, download: name }).click();
	setTimeout(() => URL.revokeObjectURL(href), 60_000);
}
