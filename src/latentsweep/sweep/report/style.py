"""How a report looks, and the little that it does when it is clicked."""

from latentsweep.sweep.report.plots.theme import BEST, FINISHED, FONT, INK, MUTED, PRUNED, RULE

CSS = f"""
* {{ box-sizing: border-box }}
body {{ margin: 0; background: white; color: {INK}; font: 14px/1.5 {FONT} }}
main {{ max-width: 1360px; margin: 0 auto; padding: 28px 28px 64px }}
h1 {{ font-size: 22px; line-height: 1.3; margin: 2px 0 10px; max-width: 60em }}
h2 {{ font-size: 15px; margin: 0 0 2px }}
p {{ margin: 0 0 6px; max-width: 78em }}
a {{ color: {FINISHED}; text-decoration: none }}
a:hover {{ text-decoration: underline }}
.study, .taken, .caption {{ color: {MUTED} }}
.study {{ font-size: 13px; overflow-wrap: anywhere }}
.details {{ color: {MUTED}; overflow-wrap: anywhere }}
.stopped {{ border-left: 3px solid {BEST}; padding-left: 10px }}
.grid {{ display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 32px 36px;
  margin-top: 28px }}
@media (max-width: 1000px) {{ .grid {{ grid-template-columns: minmax(0, 1fr) }}
  main {{ padding: 16px 16px 40px }} }}
section {{ min-width: 0; border-top: 1px solid {RULE}; padding-top: 12px }}
section.wide {{ grid-column: 1 / -1 }}
.caption {{ font-size: 12.5px; margin: 0 }}
.source {{ color: {MUTED}; font-size: 11.5px; margin: 4px 0 0; overflow-wrap: anywhere }}
.sheets {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(260px, 1fr));
  gap: 20px; margin-top: 10px }}
figure {{ margin: 0 }}
figure img {{ width: 100%; display: block }}
figcaption {{ font-size: 12.5px; margin-bottom: 6px; overflow-wrap: anywhere }}
.scroll {{ overflow: auto; max-height: 640px; margin-top: 10px }}
table {{ border-collapse: collapse; width: 100%; font-size: 13px;
  font-variant-numeric: tabular-nums }}
th, td {{ padding: 4px 12px 4px 0; text-align: right; white-space: nowrap }}
th {{ position: sticky; top: 0; background: white; box-shadow: inset 0 -1px {PRUNED};
  font-weight: 600; cursor: pointer; user-select: none }}
th:after {{ content: "\\2195"; color: {PRUNED}; margin-left: 4px; font-weight: 400 }}
th[aria-sort=ascending]:after {{ content: "\\2191"; color: {INK} }}
th[aria-sort=descending]:after {{ content: "\\2193"; color: {INK} }}
td {{ border-bottom: 1px solid {RULE} }}
.left {{ text-align: left }}
td.failure {{ white-space: normal; min-width: 16em; overflow-wrap: anywhere }}
tr.pruned td, tr.waiting td {{ color: {MUTED} }}
tr.best td:first-child {{ box-shadow: inset 3px 0 {BEST} }}
td:first-child, th:first-child {{ padding-left: 10px }}
#address {{ position: fixed; inset: auto 0 0 0; background: {INK}; color: white; padding: 8px 16px;
  font-size: 13px; user-select: all; overflow-wrap: anywhere }}
"""

# In MLflow's artifact viewer the page lies in a frame that may open no other page: there the
# address is shown instead, to be copied.
SCRIPT = """
const confined = window.origin === "null" && window.parent !== window;
function show(address) {
  if (!confined) { window.open(address, "_blank", "noopener"); return; }
  const bar = document.getElementById("address") || document.createElement("div");
  bar.id = "address";
  bar.textContent = address;
  document.body.append(bar);
}
document.addEventListener("click", event => {
  const link = event.target.closest("a[href^=http]");
  if (link) { event.preventDefault(); show(link.href); }
});
const runs = JSON.parse(document.getElementById("runs").textContent);
for (const plot of document.querySelectorAll(".js-plotly-plot")) {
  plot.on("plotly_click", event => {
    const address = runs[event.points[0].customdata];
    if (address) show(address);
  });
}
for (const head of document.querySelectorAll("th")) {
  head.addEventListener("click", () => {
    const body = head.closest("table").tBodies[0];
    const up = head.getAttribute("aria-sort") !== "ascending";
    for (const other of head.parentNode.children) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const key = row => row.cells[head.cellIndex].dataset.key;
    const rows = [...body.rows].sort((a, b) => {
      const [x, y] = [key(a), key(b)];
      if (x === "" || y === "") return (x === "") - (y === "");
      const order = isNaN(x) || isNaN(y) ? x.localeCompare(y) : x - y;
      return up ? order : -order;
    });
    body.append(...rows);
  });
}
"""
