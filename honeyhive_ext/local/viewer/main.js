/** The page: which view the address asks for, and what all of them share. */
import { CompareView } from "./compare.js";
import { button, h, put } from "./dom.js";
import { RequestsView } from "./requests.js";
import { SessionView } from "./session.js";
import { SessionsView } from "./sessions.js";
import { address, href, onChange } from "./url.js";

const [header, tabs, main] = ["header", "nav", "main"].map((one) => /** @type {HTMLElement} */ (document.querySelector(one)));
const root = document.documentElement;

/** @type {View | undefined} */
let view;
let shown = "";

function draw() {
	const state = address();
	const { session, compare } = state;
	const which = session ?? compare ?? (state.view === "requests" ? "Requests" : "Sessions");
	if (which !== shown) {
		view?.close();
		shown = which;
		view = session ? new SessionView(session) : compare ? new CompareView(compare) : which === "Requests" ? new RequestsView() : new SessionsView();
		put(main, view.element);
	}
	view?.update(state);
	put(tabs, ["Sessions", "Requests"].map((name) =>
		h("a", { href: name === "Requests" ? href({ view: "requests" }) : "#", "aria-current": (which === "Requests") === (name === "Requests") && "page" }, name)));
}

document.addEventListener("keydown", (event) => {
	const target = /** @type {HTMLElement} */ (event.target);
	const typing = target.matches("input:not([type=checkbox]), dialog *");
	if (typing && event.key === "Escape") target.blur();
	if (typing || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
	if (view?.key?.(event)) event.preventDefault();
});

const theme = button("◐", () => paint(root.dataset.theme === "dark" ? "light" : "dark"), { "aria-label": "light or dark" });
/** @param {string} name */
function paint(name) {
	root.dataset.theme = name;
	localStorage.setItem("theme", name);
}
root.dataset.theme = localStorage.getItem("theme") ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
header.append(theme);

onChange(draw);
draw();
