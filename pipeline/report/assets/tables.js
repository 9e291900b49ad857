// Sorts tables, shows the values of chart marks on hover, and marks the current chapter.
function valueOf(text) {
  const found = Number.parseFloat(text.replaceAll("\u2009", "").replace("\u2212", "-"));
  return Number.isNaN(found) ? null : found;
}

function compare(a, b) {
  const [x, y] = [valueOf(a), valueOf(b)];
  if (x !== null && y !== null && x !== y) return x - y;
  return a.localeCompare(b, "en", { numeric: true });
}

function sortBy(header) {
  const rising = header.getAttribute("aria-sort") !== "ascending";
  const body = header.closest("table").tBodies[0];
  header.closest("tr").querySelectorAll("th").forEach((other) => other.removeAttribute("aria-sort"));
  header.setAttribute("aria-sort", rising ? "ascending" : "descending");
  const cell = (row) => row.cells[header.cellIndex].textContent;
  const rows = [...body.rows].sort((a, b) => {
    if (cell(a) === "" || cell(b) === "") return (cell(a) === "") - (cell(b) === "");
    return rising ? compare(cell(a), cell(b)) : compare(cell(b), cell(a));
  });
  body.append(...rows);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button.sort");
  if (button !== null) sortBy(button.closest("th"));
});

const tip = document.getElementById("tip");

function showTip(event) {
  const mark = event.target.closest?.("svg.chart [data-label]");
  tip.hidden = !mark;
  if (!mark) return;
  tip.textContent = mark.dataset.label;
  const { width, height } = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(4, Math.min(event.clientX + 12, innerWidth - width - 4))}px`;
  tip.style.top = `${event.clientY + height + 24 > innerHeight ? event.clientY - height - 10 : event.clientY + 14}px`;
}

document.addEventListener("pointermove", showTip);
document.addEventListener("pointerdown", showTip);
document.addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });

const chapterLinks = [...document.querySelectorAll(".top nav a")];
const watcher = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    const link = chapterLinks.find((each) => each.hash === `#${entry.target.id}`);
    if (entry.isIntersecting) link?.setAttribute("aria-current", "true");
    else link?.removeAttribute("aria-current");
  }
}, { rootMargin: "-45% 0px -50% 0px" });
document.querySelectorAll("section.chapter").forEach((chapter) => watcher.observe(chapter));

function openTarget() {
  const target = location.hash.length > 1 ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
  for (let part = target?.closest("details"); part; part = part.parentElement.closest("details")) part.open = true;
  target?.scrollIntoView();
}
addEventListener("hashchange", openTarget);
if (location.hash) ready.then(openTarget);
