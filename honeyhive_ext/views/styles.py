"""The style of what notebooks and pages show. It needs no script and no request, and follows the theme.

The colours are those of the trace page, in `local/viewer`.

Every rule is below `.hh-view`, so that a notebook keeps its own style. Colours of text reach 4.5:1 on their
ground in both themes.
"""

from __future__ import annotations

STYLE = """\
.hh-view{color-scheme:light dark;--ink:light-dark(#1b1c21,#e5e6ea);--dim:light-dark(#5f616b,#9c9fab);
--ground:light-dark(#fff,#15161a);--line:light-dark(#e2e3e8,#2e3139);--bad:light-dark(#b91f2a,#ff8a82);
--session:light-dark(#965f07,#e0ac4d);--chain:light-dark(#7c4bd6,#b99af8);--model:light-dark(#2c6bdb,#76a9ff);
--tool:light-dark(#0b7f62,#45c9a2);--soft:light-dark(#f6f6f8,#1c1e23);
font:13px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--ground);padding:8px 10px;text-align:left}
[data-jp-theme-light="true"] .hh-view,[data-theme="light"] .hh-view,.vscode-light .hh-view{color-scheme:light}
[data-jp-theme-light="false"] .hh-view,[data-theme="dark"] .hh-view,.vscode-dark .hh-view{color-scheme:dark}
.hh-view summary{cursor:pointer;padding:1px 4px;border-radius:3px}
.hh-view summary:focus-visible{outline:2px solid var(--model);outline-offset:-2px}
.hh-view summary:hover{background:var(--soft)}
.hh-view .hh-head{padding:0 4px 4px;border-bottom:1px solid var(--line);margin-bottom:4px}
.hh-view .hh-dim,.hh-view .hh-note{color:var(--dim)}
.hh-view .hh-note{padding:2px 4px}
.hh-view .hh-node>summary{display:block}
.hh-view .hh-row{display:flex;gap:10px;align-items:center}
.hh-view .hh-row:before{content:"";border:4px solid transparent;border-left:6px solid var(--dim);
border-right:0;margin-right:-4px}
.hh-view .hh-node[open]>summary .hh-row:before{transform:rotate(90deg)}
.hh-view .hh-name{unicode-bidi:isolate;flex:1 1 0;min-width:12em;overflow-wrap:anywhere}
.hh-view .hh-type{color:var(--kind);font-weight:600}
.hh-view .hh-use{color:var(--dim);flex:0 1 auto;text-align:right;overflow-wrap:anywhere}
.hh-view .hh-at,.hh-view .hh-for{flex:0 0 5em;text-align:right;font-variant-numeric:tabular-nums}
.hh-view .hh-at{color:var(--dim)}
.hh-view .hh-time{flex:0 0 180px;width:180px;height:10px;background:var(--soft)}
.hh-view .hh-time rect{fill:var(--kind)}
.hh-view .hh-time .hh-open{opacity:.4}
@media (max-width:760px){.hh-view .hh-time{display:none}}
.hh-view .hh-bad{display:block;color:var(--bad);padding-left:10px;overflow-wrap:anywhere}
.hh-view .hh-fields>summary{color:var(--dim);font-size:11px}
.hh-view .hh-in{margin-left:8px;padding-left:8px;border-left:1px solid var(--line)}
.hh-view .hh-session{--kind:var(--session)}.hh-view .hh-chain{--kind:var(--chain)}
.hh-view .hh-model{--kind:var(--model)}
.hh-view .hh-tool{--kind:var(--tool)}.hh-view .hh-other{--kind:var(--dim)}
.hh-view .hh-key{color:var(--dim);font-weight:600}
.hh-view .hh-text{unicode-bidi:isolate;white-space:pre-wrap;overflow-wrap:anywhere}
.hh-view .hh-lit{color:var(--model)}
.hh-view .hh-say{margin:2px 0;padding:2px 8px;background:var(--soft);border-left:3px solid var(--line)}
.hh-view table{border-collapse:collapse;margin:2px 0;font-size:13px}
.hh-view.hh-view table th,.hh-view.hh-view table td{padding:1px 12px 1px 4px;
text-align:left;vertical-align:top;border:0;border-bottom:1px solid var(--line);
color:var(--ink);background:var(--ground);overflow-wrap:anywhere}
.hh-view.hh-view table th{color:var(--dim)}
.hh-view.hh-view table .hh-number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
"""

PAGE = "body{margin:0}body>.hh-view{box-sizing:border-box;min-height:100vh;padding:16px}"
