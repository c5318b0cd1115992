"""How a report looks, and the little that it does when it is clicked."""

from latentsweep.figures.page import CSS as BASE
from latentsweep.sweep.report.plots.theme import BEST, INK, MUTED, PRUNED

CSS = f"""{BASE}
.study, .taken {{ color: {MUTED} }}
.study {{ font-size: 13px; overflow-wrap: anywhere }}
.stopped {{ border-left: 3px solid {BEST}; padding-left: 10px }}
th {{ cursor: pointer; user-select: none }}
th:after {{ content: "\\2195"; color: {PRUNED}; margin-left: 4px; font-weight: 400 }}
th[aria-sort=ascending]:after {{ content: "\\2191"; color: {INK} }}
th[aria-sort=descending]:after {{ content: "\\2193"; color: {INK} }}
td.failure {{ white-space: normal; min-width: 16em; overflow-wrap: anywhere }}
tr.pruned td, tr.waiting td {{ color: {MUTED} }}
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
