/** The events of a session as a tree: pre-order in flat arrays, made in linear time and without recursion. */

export const ORPHAN = 1; // its parent is not in the session
export const CYCLE = 2; // it is its own ancestor: the tree is cut above it
export const NO_END = 4;
export const NO_START = 8;

/** @param {EventRow} row */
export const endOf = (row) => row.end_ms ?? (row.start_ms != null && row.duration_ms != null ? row.start_ms + row.duration_ms : null);

/** Its arrays go by the place in pre-order, but for `at` and `flags`, which go by the row. */
export class Tree {
	/** @param {EventRow[]} rows @param {string} session */
	constructor(rows, session) {
		const n = rows.length;
		const ints = (length = n) => new Int32Array(length);
		/** @type {Map<string, number>} */
		const byId = new Map();
		for (let i = n; i-- > 0; ) byId.set(rows[i].event_id, i); // of several with one id, the first has the children
		const [flags, parent, next, at] = [ints(), ints(), ints().fill(-1), ints()];
		rows.forEach((row, i) => {
			const up = row.event_id === session ? null : row.parent_id;
			const found = up ? byId.get(up) : undefined;
			parent[i] = found ?? -1;
			if (up && found === undefined && up !== session) flags[i] |= ORPHAN;
			if (row.start_ms == null) flags[i] |= NO_START;
			if (endOf(row) == null) flags[i] |= NO_END;
		});
		const sorted = inTime(rows);
		cutCycles(parent, sorted, flags);
		// Children as linked lists, earliest first; the roots are those of slot n.
		const [first, children, seen] = [ints(n + 1).fill(-1), ints(n + 1), ints(n + 1)];
		for (const i of sorted.reverse()) {
			const slot = parent[i] < 0 ? n : parent[i];
			next[i] = first[slot];
			first[slot] = i;
			children[slot]++;
		}
		const [order, depth, size, up, position, setsize, errors] = Array.from({ length: 7 }, () => ints());
		for (let i = first[n], place = 0, level = 0; i >= 0; place++) {
			const slot = parent[i] < 0 ? n : parent[i];
			order[place] = i;
			at[i] = place;
			depth[place] = level;
			up[place] = slot === n ? -1 : at[slot];
			position[place] = ++seen[slot];
			setsize[place] = children[slot];
			if (first[i] >= 0) {
				i = first[i];
				level++;
				continue;
			}
			while (i >= 0 && next[i] < 0) {
				i = parent[i];
				level--;
			}
			if (i >= 0) i = next[i];
		}
		for (let k = n; k-- > 0; ) {
			size[k]++;
			if (rows[order[k]].error != null) errors[k]++;
			if (up[k] >= 0) {
				size[up[k]] += size[k];
				errors[up[k]] += errors[k]; // of the event and all below it
			}
		}
		this.rows = rows;
		this.byId = byId;
		this.order = order;
		this.at = at;
		this.flags = flags;
		this.depth = depth;
		this.size = size;
		this.up = up;
		this.position = position;
		this.setsize = setsize;
		this.errors = errors;
	}

	/** @param {number} place */
	row(place) {
		return this.rows[this.order[place]];
	}

	/** The place of an event; -1 if it is not here. @param {string} [id] */
	place(id) {
		const i = this.byId.get(id ?? "");
		return i === undefined ? -1 : this.at[i];
	}
}

/** The numbers of the rows by start; those without one last. @param {EventRow[]} rows */
function inTime(rows) {
	const start = Float64Array.from(rows, (row) => row.start_ms ?? Infinity);
	return Int32Array.from(rows, (_, i) => i).sort((a, b) => (start[a] === start[b] ? a - b : start[a] - start[b]));
}

/** Give the earliest event of each cycle no parent, so that the others hang below it. @param {Int32Array} parent @param {Int32Array} sorted @param {Int32Array} flags */
function cutCycles(parent, sorted, flags) {
	const [stamp, rank] = [new Int32Array(parent.length), new Int32Array(parent.length)];
	sorted.forEach((i, r) => (rank[i] = r));
	for (const start of sorted) {
		let i = start;
		while (i >= 0 && stamp[i] === 0) {
			stamp[i] = start + 1;
			i = parent[i];
		}
		if (i < 0 || stamp[i] !== start + 1) continue;
		let earliest = i;
		for (let j = parent[i]; j !== i; j = parent[j]) if (rank[j] < rank[earliest]) earliest = j;
		parent[earliest] = -1;
		flags[earliest] |= CYCLE;
	}
}

/** The part of a tree that is in sight: a fold is a splice. */
export class Projection {
	/** @param {Tree} tree @param {Iterable<string>} folded ids @param {number} root place, or -1 @param {Set<string> | null} found ids that search and filters leave */
	constructor(tree, folded, root, found) {
		this.tree = tree;
		this.root = root;
		this.range = root < 0 ? [0, tree.order.length] : [root, root + tree.size[root]];
		this.matches = 0;
		/** @type {Uint8Array | null} 2 for a match, 1 for an event above one, by place */
		this.keep = found && new Uint8Array(tree.order.length);
		for (let k = this.range[1]; found && this.keep && k-- > this.range[0]; ) {
			if (found.has(tree.row(k).event_id)) {
				this.keep[k] = 2;
				this.matches++;
			}
			if (this.keep[k] && tree.up[k] >= 0) this.keep[tree.up[k]] ||= 1;
		}
		this.folded = new Uint8Array(tree.order.length);
		for (const id of folded) {
			const place = tree.place(id);
			if (tree.size[place] > 1) this.folded[place] = 1;
		}
		this.visible = this.between(...this.range);
	}

	/** The places in sight from one to another. @param {number} [from] @param {number} [to] */
	between(from = 0, to = 0) {
		const found = new Int32Array(to - from);
		let n = 0;
		for (let k = from; k < to; k += this.folded[k] ? this.tree.size[k] : 1) if (!this.keep || this.keep[k]) found[n++] = k;
		return found.subarray(0, n);
	}

	/** Fold or unfold a line; return whether it changed. @param {number} line @param {boolean} fold */
	fold(line, fold) {
		const { visible, tree } = this;
		const place = visible[line];
		const end = place + tree.size[place];
		if (end === place + 1 || !!this.folded[place] === fold) return false;
		this.folded[place] = fold ? 1 : 0;
		let after = line + 1;
		while (after < visible.length && visible[after] < end) after++;
		const parts = [visible.subarray(0, line + 1), fold ? [] : this.between(place + 1, end), visible.subarray(after)];
		this.visible = new Int32Array(parts[0].length + parts[1].length + parts[2].length);
		parts.reduce((at, part) => (this.visible.set(part, at), at + part.length), 0);
		return true;
	}

	/** The line of a place; -1 if it is not in sight. @param {number} place */
	line(place) {
		let low = 0;
		for (let high = this.visible.length; low < high; ) {
			const middle = (low + high) >> 1;
			if (this.visible[middle] < place) low = middle + 1;
			else high = middle;
		}
		return this.visible[low] === place ? low : -1;
	}

	/** Unfold what is above a place. @param {number} place */
	uncover(place) {
		let changed = 0;
		for (let k = this.tree.up[place]; k >= 0; k = this.tree.up[k]) {
			changed |= this.folded[k];
			this.folded[k] = 0;
		}
		if (changed) this.visible = this.between(...this.range);
	}

	/** The next place with an error, round the end; -1 for none. @param {number} place @param {number} step 1 or -1 */
	nextError(place, step) {
		const [from, to] = this.range;
		const n = to - from;
		for (let i = 1; i <= n; i++) {
			const k = from + ((((place - from + step * i) % n) + n) % n);
			if (this.tree.row(k).error != null && (!this.keep || this.keep[k])) return k;
		}
		return -1;
	}
}
