"use strict";
// Charts: Vega-Embed draws each specification into the element before it.
for (const holder of document.querySelectorAll("script[type='application/json']")) {
  const options = { actions: false, renderer: "svg", tooltip: { theme: "custom" } };
  vegaEmbed(holder.previousElementSibling, JSON.parse(holder.textContent), options);
}
// Tables: a click on a heading sorts, a second one the other way round.
for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => {
    const head = button.parentElement, place = head.cellIndex, body = head.closest("table").tBodies[0];
    const order = head.getAttribute("aria-sort") === "descending" ? "ascending" : "descending";
    const sign = order === "ascending" ? 1 : -1, key = (row) => row.cells[place].dataset.key;
    const numbers = head.classList.contains("number");
    const compare = (a, b) => numbers ? key(a) - key(b) : key(a).localeCompare(key(b));
    for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", order);
    body.append(...[...body.rows].sort((a, b) => sign * compare(a, b)));
  });
}
// Cards: whatever leads to one opens it.
function open() {
  const card = location.hash.startsWith("#card-") && document.getElementById(location.hash.slice(1));
  if (card) { card.open = true; card.scrollIntoView(); card.querySelector("summary").focus(); }
}
addEventListener("hashchange", open);
document.addEventListener("click", (event) => { if (event.target.closest("a[href^='#card-']")) setTimeout(open); });
open();
addEventListener("beforeprint", () => { for (const part of document.querySelectorAll("details.print")) part.open = true; });
// What is to be copied.
for (const button of document.querySelectorAll(".copy > button")) {
  button.addEventListener("click", async () => {
    const source = button.nextElementSibling;
    getSelection().selectAllChildren(source);
    try { await navigator.clipboard.writeText(source.textContent); button.textContent = "copied"; }
    catch { button.textContent = "selected"; }
  });
}
