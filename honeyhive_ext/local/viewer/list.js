/** A list of which only the rows in sight are elements, used again as rows scroll by. */
import { h } from "./dom.js";

const SPARE = 6; // rows above and below those in sight

export class VirtualList {
	/**
	 * @param {HTMLElement} host what scrolls
	 * @param {number} height of a row, in pixels
	 * @param {() => HTMLElement} make makes an element
	 * @param {(element: HTMLElement, index: number) => void} fill shows a row in it
	 */
	constructor(host, height, make, fill) {
		this.host = host;
		this.height = height;
		this.make = make;
		this.fill = fill;
		this.count = 0;
		this.space = h("div.space", { role: "presentation" });
		host.append(this.space);
		/** @type {HTMLElement[]} */
		this.pool = [];
		/** @type {number[]} */
		this.shown = []; // the row that each element of the pool shows; -1 for none
		let waiting = false;
		host.addEventListener("scroll", () => {
			if (!waiting) requestAnimationFrame(() => this.draw((waiting = false)));
			waiting = true;
		}, { passive: true });
		this.watcher = new ResizeObserver(() => this.draw());
		this.watcher.observe(host);
	}

	/** Show these rows, all of them anew. @param {number} [count] */
	set(count = this.count) {
		this.count = count;
		this.space.style.height = `${count * this.height}px`;
		this.shown.fill(-1);
		this.draw();
	}

	/** @param {unknown} [_] */
	draw(_) {
		const { host, height, pool, shown } = this;
		const top = host.scrollTop - this.space.offsetTop;
		const first = Math.max(0, Math.floor(top / height) - SPARE);
		const last = Math.min(this.count, Math.ceil((top + host.clientHeight) / height) + SPARE);
		if (last - first > pool.length) {
			while (pool.length < last - first) {
				const element = this.make();
				element.style.height = `${height}px`;
				pool.push(element);
				this.space.append(element);
			}
			this.shown = pool.map(() => -1);
			return this.draw();
		}
		const size = pool.length;
		for (let at = 0; at < size; at++) {
			// The row of this element: the one in sight that has the same remainder.
			const index = first + ((at - (first % size) + size) % size);
			const element = pool[at];
			element.hidden = index >= last;
			if (index >= last) shown[at] = -1;
			else if (shown[at] !== index) {
				shown[at] = index;
				element.style.transform = `translateY(${index * height}px)`;
				this.fill(element, index);
			}
		}
	}

	/** Scroll a row into sight. @param {number} index */
	reveal(index) {
		const { host, height } = this;
		const below = (index + 1) * height + this.space.offsetTop - host.clientHeight;
		host.scrollTop = Math.max(below, Math.min(host.scrollTop, index * height));
	}

	/** The row that a key leads to from a row; -1 for none. @param {string} key @param {number} at */
	step(key, at) {
		const page = Math.max(1, Math.floor(this.host.clientHeight / this.height) - 2);
		const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: this.count, PageDown: at + page, PageUp: at - page }[key];
		return to === undefined ? -1 : Math.min(this.count - 1, Math.max(0, to));
	}

	close() {
		this.watcher.disconnect();
	}
}
