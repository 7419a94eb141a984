
"use strict";
// What is open stands in the address (#c3: a claim, #c3a7: a claim in an article), so that links, bookmarks
// and the Back button work, and the plain links of the table are all that a click needs. Texts only ever
// become text nodes; the page's policy forbids anything else.

const { marks, labels, articles, claims } = JSON.parse(document.getElementById("data").textContent);
const [table, panel, title, details, printed] = ["board", "panel", "panel-title", "panel-body", "printed"].map(
  (id) => document.getElementById(id));
const [words, standing, verdict, order] = ["words", "standing", "verdict", "order"].map((id) => document.getElementById(id));
const body = table.tBodies[0];
const heads = [...table.tHead.rows[0].cells];
const rows = [...body.rows]; // split claims first, as they were written

// Building blocks

function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

function textual(tag, className, ...children) {
  const made = element(tag, className, ...children);
  made.dir = "auto"; // claims and sentences may run from right to left
  return made;
}

function isolated(text) {
  return element("bdi", "", text); // whatever direction it runs, what stands beside it stays in place
}

function chip(name) {
  const mark = element("i", "", marks[name]);
  mark.ariaHidden = "true";
  return element("span", `chip ${name}`, mark, ` ${name}`);
}

function share(p) {
  return p >= 0.995 ? ">99 %" : p < 0.005 ? "<1 %" : `${Math.round(100 * p)} %`;
}

function plural(count, one, more) {
  return `${count} ${count === 1 ? one : more}`;
}

// Evidence

function quote(text, { voice, at, words = [] }) {
  const spoken = voice && at >= 0 ? [at, at + voice.length] : [0, 0];
  const within = (place, [start, end]) => start <= place && place < end;
  const ends = [...new Set([0, text.length, ...spoken, ...words.flatMap(([start, end]) => [start, end])])].sort((a, b) => a - b);
  const parts = ends.slice(1).map((end, i) => {
    let part = text.slice(ends[i], end);
    if (words.some((word) => within(ends[i], word))) part = element("u", "", part);
    return within(ends[i], spoken) ? element("mark", "", part) : part;
  });
  return textual("blockquote", "", ...parts);
}

function shares(probabilities) {
  const parts = probabilities.map((p, i) => {
    const part = element("span", labels[i]);
    part.style.width = `${100 * p}%`;
    return part;
  });
  const picture = element("div", "shares", ...parts);
  picture.ariaHidden = "true";
  return [picture, element("small", "", probabilities.map((p, i) => `${labels[i]} ${share(p)}`).join(" · "))];
}

function points(change) {
  return `${change < 0 ? "\u2212" : "+"}${Math.round(100 * Math.abs(change))} points`;
}

function effects(text, { label, words = [] }) {
  const parts = words.flatMap(([start, end, change]) => [", ", "without ", isolated(`“${text.slice(start, end)}”`), ` ${points(change)}`]);
  return words.length ? [element("p", "about", element("small", "", `${label}: `, ...parts.slice(1)))] : [];
}

function list(columns) {
  return columns.flatMap((column) => [", ", isolated(articles[column].name)]).slice(1);
}

function copied({ copies = [] }) {
  return copies.length ? [element("p", "about", element("small", "", "the same sentence in ", ...list(copies)))] : [];
}

function sentence(article, one) {
  const said = one.voice === null ? [] : ["voice: ", isolated(one.voice || "the outlet itself")];
  const unread = one.cut ? [element("small", "", " end not read")] : [];
  const head = element("div", "", chip(one.label), " ", element("small", "", ...said), ...unread);
  const text = article.sentences[one.sentence];
  return element("li", "", head, " ", quote(text, one), " ", ...shares(one.probabilities), ...effects(text, one), ...copied(one));
}

function origin(article) {
  const { title: headline, published, url } = article;
  const known = [headline, published].filter(Boolean).flatMap((part) => [", ", isolated(part)]).slice(1);
  if (!known.length && !url) return [];
  if (!url) return [element("p", "about", element("small", "", ...known))];
  const link = element("a", "", ...(known.length ? known : [url]));
  Object.assign(link, { href: url, target: "_blank", rel: "noopener noreferrer" });
  return [element("p", "about", link)];
}

function evidence(article, { evidence: deciding, cut }) {
  const told = deciding.length
    ? element("ul", "", ...deciding.map((one) => sentence(article, one)))
    : element("p", "about", `None of its ${plural(article.count, "sentence", "sentences")} takes a side.`);
  if (!cut) return [told];
  const unread = `${plural(cut, "sentence is", "sentences are")} too long for the model: the end was not read.`;
  return [told, element("p", "about", unread)];
}

function cellDetails(claim, column) {
  const article = articles[column];
  const cell = claim.cells[column];
  return [textual("p", "about", claim.claim), element("p", "about", chip(cell.verdict)), ...origin(article), ...evidence(article, cell)];
}

function standingOf({ standing, origins: [supporting, denying], suggested }) {
  const sides = [supporting && plural(supporting, "sentence supports it", "sentences support it"),
    denying && plural(denying, "sentence denies it", "sentences deny it")].filter(Boolean);
  const counted = sides.length ? [`: ${sides.join(", ")}; what articles copied counts once`] : [];
  return [standing, ...counted, ...(suggested ? [". Suggested from ", isolated(suggested)] : [])];
}

function claimDetails(claim) {
  const parts = [element("p", "about", element("small", "", ...standingOf(claim)))];
  const silent = [];
  claim.cells.forEach((cell, column) => {
    if (!cell.evidence.length && !cell.cut) return silent.push(", ", isolated(articles[column].name));
    parts.push(element("h3", "", isolated(articles[column].name), " ", chip(cell.verdict)));
    parts.push(...origin(articles[column]), ...evidence(articles[column], cell));
  });
  if (silent.length) parts.push(element("p", "about", chip("neutral"), " ", ...silent.slice(1)));
  return parts;
}

// The panel

function opened() {
  const found = /^#c(\d+)(?:a(\d+))?$/.exec(location.hash);
  const claim = found && claims[found[1]];
  if (!claim || (found[2] && !articles[found[2]])) return null;
  return { claim, column: found[2] };
}

function opener() {
  return opened() && body.querySelector(`a[href="${location.hash}"]`);
}

function follow() {
  const what = opened();
  body.querySelector("[aria-current]")?.removeAttribute("aria-current");
  document.body.classList.toggle("open", Boolean(what));
  if (!what) return panel.close();
  const { claim, column } = what;
  title.replaceChildren(column ? articles[column].name : claim.claim);
  title.dir = "auto";
  details.replaceChildren(...(column ? cellDetails(claim, column) : claimDetails(claim)));
  if (!panel.open) panel.show();
  panel.scrollTop = 0;
  const link = opener();
  link.ariaCurrent = "true";
  if (!link.closest("tr").hidden) activate(link);
  pointOut({ target: link });
  link.scrollIntoView({ block: "nearest", inline: "nearest" });
  title.focus({ preventScroll: true });
}

function close() {
  const back = opener();
  history.replaceState(null, "", location.href.split("#")[0]);
  follow();
  (back && !back.closest("tr").hidden ? back : words).focus();
}

addEventListener("hashchange", follow);
document.getElementById("close").addEventListener("click", close);
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && panel.open) close();
});

// Sorting and filtering

const count = (claim, wanted) => claim.cells.filter((cell) => cell.verdict === wanted).length;
const claimOf = (row) => claims[row.dataset.claim];
const VERDICTS = Object.keys(marks);
const ORDERS = {
  standing: () => 0, // a stable sort leaves the rows as they were written
  given: (a, b) => claims.indexOf(a) - claims.indexOf(b),
  claim: (a, b) => a.claim.localeCompare(b.claim, undefined, { numeric: true }),
  supports: (a, b) => count(b, "supports") - count(a, "supports"),
  denies: (a, b) => count(b, "denies") - count(a, "denies"),
};

function byVerdict(column) {
  const place = (claim) => VERDICTS.indexOf(claim.cells[column].verdict);
  return (a, b) => place(a) - place(b);
}

// the orders that stand in heads: of the claims, of their standings, and a column for each article
const orderOf = (head) => ["claim", "standing"][head.cellIndex] ?? String(head.cellIndex - 2);

function sort() {
  const compare = ORDERS[order.value] ?? byVerdict(order.value);
  body.append(...[...rows].sort((a, b) => compare(claimOf(a), claimOf(b))));
  for (const head of heads) head.ariaSort = orderOf(head) === order.value ? "ascending" : null;
}

function filter() {
  const wanted = words.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const row of rows) {
    const claim = claimOf(row);
    const text = claim.claim.toLocaleLowerCase();
    const fits = wanted.every((word) => text.includes(word))
      && (!standing.value || claim.standing === standing.value)
      && (!verdict.value || count(claim, verdict.value) > 0);
    row.hidden = !fits;
    shown += fits;
  }
  document.getElementById("shown").value = `${shown} of ${plural(claims.length, "claim", "claims")}`;
  if (current.closest("tr").hidden) activate(body.querySelector("tr:not([hidden]) a") ?? current);
}

const controls = document.getElementById("controls");
words.addEventListener("input", filter);
for (const select of [standing, verdict]) select.addEventListener("change", filter);
order.addEventListener("change", sort);
controls.addEventListener("submit", (event) => event.preventDefault());
table.tHead.addEventListener("click", ({ target }) => {
  const head = target.closest("th"); // a shortcut: on the keyboard the list of orders does the same
  if (!head) return;
  order.value = orderOf(head);
  sort();
});
controls.addEventListener("reset", () => setTimeout(() => { sort(); filter(); }));

// Arrow keys: the board is one stop of the Tab key

let current = body.querySelector("a");

function activate(link) {
  current.tabIndex = -1;
  current = link;
  current.tabIndex = 0;
}

const linksOf = (row) => [...row.querySelectorAll("a")];

function neighbour(link, event) {
  const visible = [...body.rows].filter((row) => !row.hidden);
  const links = linksOf(link.closest("tr"));
  const [x, y] = [links.indexOf(link), visible.indexOf(link.closest("tr"))];
  const far = event.ctrlKey;
  const place = {
    ArrowLeft: [x - 1, y], ArrowRight: [x + 1, y], ArrowUp: [x, y - 1], ArrowDown: [x, y + 1],
    Home: [0, far ? 0 : y], End: [links.length - 1, far ? visible.length - 1 : y],
    PageUp: [x, Math.max(y - 10, 0)], PageDown: [x, Math.min(y + 10, visible.length - 1)],
  }[event.key];
  return place && [visible[place[1]] && linksOf(visible[place[1]])[place[0]]];
}

function pointOut({ target }) {
  const column = target.closest("td, th")?.cellIndex;
  for (const head of heads) head.classList.toggle("near", head.cellIndex === column && column > 1);
}

table.addEventListener("mouseover", pointOut);
table.addEventListener("mouseleave", () => pointOut({ target: current }));
table.addEventListener("focusin", (event) => {
  pointOut(event);
  if (event.target.matches("a")) activate(event.target);
});
table.addEventListener("keydown", (event) => {
  if (!event.target.matches("a") || event.altKey || event.metaKey) return;
  if (event.key === " ") {
    event.preventDefault();
    event.target.click();
  }
  const found = neighbour(event.target, event);
  if (!found) return;
  event.preventDefault();
  found[0]?.focus();
});

// Heads and claims stay in sight while the board is scrolled: what has the focus is never below them

new ResizeObserver(() => {
  document.querySelector(".frame").style.scrollPadding = `${heads[0].offsetHeight}px 0 0 ${heads[0].offsetWidth}px`;
}).observe(heads[0]);

// Print: the board, and below it the evidence of the claims that are shown. On paper the board's links lead
// nowhere, and browsers take minutes for thousands of them: they are put away meanwhile.

const targets = new Map([...body.querySelectorAll("a")].map((link) => [link, link.getAttribute("href")]));

addEventListener("beforeprint", () => {
  const shown = [...body.rows].filter((row) => !row.hidden);
  printed.replaceChildren(...shown.map(
    (row) => element("section", "", textual("h2", "", claimOf(row).claim), ...claimDetails(claimOf(row)))));
  printed.hidden = false;
  for (const link of targets.keys()) link.removeAttribute("href");
});
addEventListener("afterprint", () => {
  printed.replaceChildren();
  printed.hidden = true;
  for (const [link, target] of targets) link.setAttribute("href", target);
});

table.setAttribute("role", "grid");
for (const link of body.querySelectorAll("a")) link.tabIndex = -1;
activate(current);
controls.hidden = document.getElementById("hint").hidden = false;
sort();
filter();
follow();
