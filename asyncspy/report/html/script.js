"use strict";
// Everything on the page can be read without this: it only folds, searches, zooms, copies and switches colours.
(() => {
  const root = document.documentElement;
  const one = (selector) => document.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  root.classList.add("js");

  // Light and dark: what the system says, until a person says otherwise.
  const theme = one("#theme");
  const dark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const named = () => { theme.textContent = dark() ? "Light" : "Dark"; };
  theme.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; named(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", named);
  named();

  // Folding: all cards at once, and all of them open on paper.
  const cards = all("details.finding");
  const fold = one("#fold");
  fold?.addEventListener("click", () => {
    const open = cards.every((card) => !card.open);
    cards.forEach((card) => { card.open = open; });
    fold.textContent = open ? "Fold all" : "Unfold all";
    fold.setAttribute("aria-pressed", String(!open));
  });
  let closed = [];
  addEventListener("beforeprint", () => { closed = all("details:not([open])"); closed.forEach((each) => { each.open = true; }); });
  addEventListener("afterprint", () => { closed.forEach((each) => { each.open = false; }); });
  const reveal = () => { const card = cards.find((each) => `#${each.id}` === location.hash); if (card) card.open = true; };
  addEventListener("hashchange", reveal);
  reveal();

  // Copying a remedy's line.
  all("pre.code").forEach((pre) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      const code = pre.querySelector("code");
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(code);
        button.textContent = "Selected";
      }
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
    pre.append(button);
  });

  // The flame graph: its boxes as numbers, parents before children.
  const flame = one("svg.flame");
  const said = one("#said");
  const boxes = [];
  if (flame) {
    const row = 20;
    const above = [];
    for (const box of all("svg.b", flame)) {
      const depth = Number(box.getAttribute("y")) / row;
      const made = {
        box, depth, start: parseFloat(box.getAttribute("x")), width: parseFloat(box.getAttribute("width")),
        told: box.querySelector("title").textContent, label: box.querySelector("text"), inside: [], parent: above[depth - 1] || null,
      };
      above.length = depth;
      above[depth] = made;
      made.parent?.inside.push(made);
      boxes.push(made);
    }
  }
  const byBox = new Map(boxes.map((each) => [each.box, each]));
  let zoomed = boxes[0], at = null;

  const write = (each, width) => {
    if (each.label || width < 0.6) return;
    each.label = document.createElementNS("http://www.w3.org/2000/svg", "text");
    each.label.setAttribute("x", "4");
    each.label.setAttribute("y", "14");
    each.label.textContent = each.told.replace(/(?: \(.*\))?: [^:]*$/s, "");
    each.box.append(each.label);
  };
  const draw = () => {
    const path = new Set();
    for (let each = zoomed; each; each = each.parent) path.add(each);
    const end = zoomed.start + zoomed.width + 0.0005;
    let deepest = 0;
    for (const each of boxes) {
      const past = path.has(each) && each !== zoomed;
      const inside = each.depth >= zoomed.depth && each.start >= zoomed.start - 0.0005 && each.start + each.width <= end;
      each.box.classList.toggle("hidden", !past && !inside);
      each.box.classList.toggle("past", past);
      if (!past && !inside) continue;
      const width = past ? 100 : (each.width / zoomed.width) * 100;
      each.box.setAttribute("x", `${past ? 0 : ((each.start - zoomed.start) / zoomed.width) * 100}%`);
      each.box.setAttribute("width", `${width}%`);
      write(each, width);
      deepest = Math.max(deepest, each.depth);
    }
    flame.setAttribute("height", String((deepest + 1) * 20));
  };
  const tell = (each) => { if (said) said.textContent = each ? each.told : ""; };
  const go = (each) => {
    if (!each) return;
    at?.box.classList.remove("at");
    at = each;
    at.box.classList.add("at");
    tell(at);
  };
  const zoom = (each) => { if (each) { zoomed = each; draw(); tell(each); } };
  if (flame) {
    flame.addEventListener("click", (event) => {
      const each = byBox.get(event.target.closest("svg.b"));
      if (each) { go(each); zoom(each === zoomed && each.parent ? each.parent : each); }
    });
    flame.addEventListener("mouseover", (event) => tell(byBox.get(event.target.closest("svg.b"))));
    flame.addEventListener("mouseleave", () => tell(at));
    flame.addEventListener("keydown", (event) => {
      const here = at || zoomed;
      const beside = here.parent ? here.parent.inside : [here];
      const place = beside.indexOf(here);
      const moves = {
        ArrowDown: () => go(here.inside[0]), ArrowUp: () => go(here.parent),
        ArrowLeft: () => go(beside[place - 1]), ArrowRight: () => go(beside[place + 1]),
        Enter: () => zoom(here), " ": () => zoom(here), Home: () => { zoom(boxes[0]); go(boxes[0]); },
      };
      if (moves[event.key]) { event.preventDefault(); moves[event.key](); }
    });
  }

  // From a finding to its widest box.
  for (const card of cards) {
    const number = card.id.slice(1);
    const widest = boxes.filter((each) => each.box.dataset.finding === number).sort((a, b) => b.width - a.width)[0];
    if (!widest) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "shown";
    button.textContent = "Show in the graph";
    button.addEventListener("click", () => { go(widest); zoom(widest.parent || widest); one("#flame").scrollIntoView(); flame.focus({ preventScroll: true }); });
    card.querySelector(".inner").append(button);
  }

  // Searching: cards that do not match are put away, boxes that match are lit, and their share is told.
  const search = one("#search");
  const hits = one("#hits");
  const find = () => {
    const words = search.value.trim().toLowerCase();
    root.classList.toggle("searching", Boolean(words));
    let shown = 0;
    for (const card of cards) {
      const fits = !words || card.textContent.toLowerCase().includes(words);
      card.classList.toggle("hidden", !fits);
      shown += fits;
    }
    let share = 0;
    let counted = -1;
    for (const each of boxes) {
      const fits = Boolean(words) && each.told.toLowerCase().includes(words);
      each.box.classList.toggle("found", fits);
      if (fits && each.start >= counted - 0.0005) { share += each.width; counted = each.start + each.width; }
    }
    const part = boxes.length ? `, ${share < 10 ? share.toFixed(1) : Math.round(share)}% of the loop` : "";
    hits.textContent = words ? `${shown} of ${cards.length} findings${part}` : "";
  };
  search.addEventListener("input", find);

  addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, textarea, select");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) { event.preventDefault(); search.focus(); search.select(); }
    if (event.key === "Escape") {
      if (search.value) { search.value = ""; find(); } else if (boxes.length) zoom(boxes[0]);
      if (typing) search.blur();
    }
  });
})();
