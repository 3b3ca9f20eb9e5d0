/** Questions to the server, with the key. */
import { h, put } from "./dom.js";

const BASE = new URL("../../", import.meta.url);
const key = () => sessionStorage.getItem("key") ?? "hh_local"; // a server without a key of its own takes any

/** A number that JavaScript would write otherwise, as its own text. */
export class Exact {
	/** @param {string} text */
	constructor(text) {
		this.text = text;
	}
}

/** Parse JSON and keep every number's own text. @param {string} text */
export const parse = (text) =>
	JSON.parse(text, /** @type {any} */ ((_, value, at) =>
		typeof value === "number" && at?.source && at.source !== String(value) ? new Exact(at.source) : value));

/**
 * Send a request; an answer that is no success is an error with its body.
 * @param {string} path @param {{method?: string, json?: unknown, signal?: AbortSignal}} [options]
 */
export async function ask(path, { method, json, signal } = {}) {
	for (;;) {
		const used = key();
		const response = await fetch(new URL(path, BASE), {
			method: method ?? (json ? "POST" : "GET"),
			headers: { authorization: `Bearer ${used}`, "content-type": "application/json" },
			body: json ? JSON.stringify(json) : undefined,
			signal,
		});
		if (response.ok) return response;
		const body = await response.json().catch(() => ({}));
		if (response.status !== 401 && body.errorCode !== "FORBIDDEN") {
			throw Object.assign(new Error(body.message ?? body.error ?? `the server answered ${response.status}`), { body });
		}
		if (key() === used) await (asking ??= keyGiven(body.message));
	}
}

/** @param {string} path @param {Parameters<typeof ask>[1]} [options] */
export const get = async (path, options) => (await ask(path, options)).json();

/** @param {Record<string, string | number | null | undefined>} parameters */
export const query = (parameters) =>
	`?${new URLSearchParams(Object.entries(parameters).flatMap(([name, value]) => (value == null || value === "" ? [] : [[name, String(value)]])))}`;

/** @type {Promise<void> | null} */
let asking = null;

/** Ask for the key. @param {string} reason @returns {Promise<void>} */
const keyGiven = (reason) =>
	new Promise((resolve) => {
		const input = h("input", { type: "password", autocomplete: "off", "aria-label": "API key", required: true });
		const dialog = h("dialog", { "aria-label": "API key" }, h("form", {
			onsubmit: (event) => {
				event.preventDefault();
				sessionStorage.setItem("key", input.value.trim());
				dialog.remove();
				asking = null;
				resolve();
			},
		}, h("h2", {}, "This server has a key"), h("p", {}, `${reason}. This tab keeps the key until it is closed.`), input, h("button", {}, "Open")));
		dialog.addEventListener("cancel", (event) => event.preventDefault());
		document.body.append(dialog);
		dialog.showModal();
	});

/** @param {number} ms @param {AbortSignal} signal ends the wait early */
export const pause = (ms, signal) =>
	new Promise((resolve) => {
		setTimeout(resolve, ms);
		signal.addEventListener("abort", resolve, { once: true });
	});

/** Wait until the tab is in sight. A browser has six connections for all tabs of a server, and each question takes one. @param {AbortSignal} signal */
async function inSight(signal) {
	while (document.hidden && !signal.aborted) {
		await new Promise((resolve) => {
			document.addEventListener("visibilitychange", resolve, { once: true });
			signal.addEventListener("abort", resolve, { once: true });
		});
	}
}

/** Load again and again, as soon as there is something else. @param {AbortSignal} signal @param {() => Promise<unknown>} load @param {(problem: unknown) => void} failed @param {number} [rest] ms between two */
export async function keep(signal, load, failed, rest = 200) {
	while (!signal.aborted) {
		try {
			await inSight(signal);
			await load();
		} catch (problem) {
			if (signal.aborted) return;
			failed(problem);
			if (problem.body?.statusCode === 410) return; // the server of a test that has ended
			await pause(2000, signal);
		}
		await pause(rest, signal);
	}
}

/** Say what went wrong, but not what was given up. @param {Element} where @param {any} problem */
export function fail(where, problem) {
	if (problem.name === "AbortError") return;
	put(where, h("span.problem", {}, problem instanceof TypeError ? "The server does not answer." : problem.message));
}
