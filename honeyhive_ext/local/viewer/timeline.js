/** Where the time of a session went: bars on one axis, with the gaps and overlaps of what is below each. */
import { duration } from "./dom.js";
import { endOf } from "./tree.js";

/** @typedef {import("./tree.js").Tree} Tree */

/** The time from the first start to the last end. @param {Tree} tree @param {number[]} range @returns {Span} */
export function extent(tree, [from, to]) {
	let [start, end] = [Infinity, -Infinity];
	for (let k = from; k < to; k++) {
		const row = tree.row(k);
		start = Math.min(start, row.start_ms ?? Infinity);
		end = Math.max(end, endOf(row) ?? row.start_ms ?? -Infinity);
	}
	return start < Infinity ? [start, Math.max(end, start + 1)] : [0, 1];
}

/** Steps of 1, 2 or 5 for an axis. @param {Span} span */
export function ticks([start, end]) {
	const rough = (end - start) / 4;
	const unit = 10 ** Math.floor(Math.log10(rough));
	const step = unit * ([1, 2, 5].find((one) => one >= rough / unit) ?? 10);
	return Array.from({ length: Math.floor(((end - start) * 0.82) / step) + 1 }, (_, n) => ({ at: (n * step) / (end - start), label: duration(n * step) }));
}

/**
 * The parts of an event's time in which none of its children ran, and those in which several did.
 * One sweep: a child overlaps with those before it until the latest of their ends.
 * @param {Tree} tree @param {number} place
 */
export function coverage(tree, place) {
	const { start_ms: start, ...row } = tree.row(place);
	const until = endOf({ start_ms: start, ...row });
	/** @type {Span[]} */
	const gaps = [];
	/** @type {Span[]} */
	const overlaps = [];
	const last = place + tree.size[place];
	if (start == null || until == null || last === place + 1) return { gaps, overlaps };
	let covered = start;
	for (let k = place + 1; k < last; k += tree.size[k]) {
		const child = tree.row(k);
		if (child.start_ms == null) continue;
		const from = Math.min(Math.max(child.start_ms, start), until);
		const to = Math.min(endOf(child) ?? until, until);
		const both = Math.min(to, covered);
		if (from > covered) gaps.push([covered, from]);
		else if (both > from) {
			const before = overlaps.at(-1);
			if (before && from <= before[1]) before[1] = Math.max(before[1], both);
			else overlaps.push([from, both]);
		}
		covered = Math.max(covered, to);
	}
	if (covered < until) gaps.push([covered, until]);
	return { gaps, overlaps };
}

/** @param {Span[]} spans */
export const total = (spans) => spans.reduce((sum, [start, end]) => sum + end - start, 0);

const STEPS = 200; // parts of a bar that can be told apart

/** The picture of a bar: light where nothing below it ran, dark where several did. @param {Tree} tree @param {number} place @param {Span} span of the event */
function shades(tree, place, [start, end]) {
	const { gaps, overlaps } = coverage(tree, place);
	const parts = new Uint8Array(STEPS);
	const scale = STEPS / (end - start || 1);
	[gaps, overlaps].forEach((spans, shade) => {
		for (const [a, b] of spans) {
			const from = Math.round((a - start) * scale);
			parts.fill(shade + 1, from, Math.max(from + 1, Math.round((b - start) * scale)));
		}
	});
	const stops = [];
	for (let from = 0, i = 1; i <= STEPS; i++) {
		if (parts[i] === parts[from]) continue;
		stops.push(`var(--${["run", "gap", "lap"][parts[from]]}) ${(from / STEPS) * 100}% ${(i / STEPS) * 100}%`);
		from = i;
	}
	return `linear-gradient(90deg,${stops})`;
}

/** Put a bar where its time is. @param {HTMLElement} bar @param {Tree} tree @param {number} place @param {Span} span */
export function drawBar(bar, tree, place, [start, end]) {
	const row = tree.row(place);
	bar.hidden = row.start_ms == null;
	if (row.start_ms == null) return;
	const until = endOf(row);
	const percent = (ms) => `${Math.max(0, (ms / (end - start)) * 100)}%`;
	bar.style.left = percent(row.start_ms - start);
	bar.style.width = percent((until ?? end) - row.start_ms);
	bar.style.background = tree.size[place] > 1 && until != null ? shades(tree, place, [row.start_ms, until]) : "";
	bar.classList.toggle("open", until == null);
}
