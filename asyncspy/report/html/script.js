"use strict";
// Everything on the page can be read without this: it only folds, searches, zooms, copies and switches colours.
(() => {
  const root = document.documentElement;
  const one = (selector, within = document) => within.querySelector(selector);
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
      const code = one("code", pre);
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

  // A flame graph: its boxes as numbers, parents before children; what is zoomed, and where the keys are.
  const row = 20;
  const grain = 0.0005;
  class Graph {
    constructor(section) {
      this.section = section;
      this.flame = one("svg.flame", section);
      this.said = one(".said", section);
      this.boxes = [];
      this.at = null;
      const above = [];
      for (const box of all("svg.b", this.flame)) {
        const depth = Number(box.getAttribute("y")) / row;
        const made = {
          box, depth, start: parseFloat(box.getAttribute("x")), width: parseFloat(box.getAttribute("width")),
          told: one("title", box).textContent, label: one("text", box), inside: [], parent: above[depth - 1] || null,
        };
        above.length = depth;
        above[depth] = made;
        made.parent?.inside.push(made);
        this.boxes.push(made);
      }
      this.byBox = new Map(this.boxes.map((each) => [each.box, each]));
      this.zoomed = this.boxes[0];
      this.listen();
    }
    of(event) { return this.byBox.get(event.target.closest("svg.b")); }
    tell(each) { this.said.textContent = each ? each.told : ""; }
    go(each) {
      if (!each) return;
      this.at?.box.classList.remove("at");
      this.at = each;
      each.box.classList.add("at");
      this.tell(each);
    }
    zoom(each) {
      this.zoomed = each;
      this.draw();
      this.tell(each);
    }
    write(each, width) {
      if (each.label || width < 0.6) return;
      each.label = document.createElementNS("http://www.w3.org/2000/svg", "text");
      each.label.setAttribute("x", "4");
      each.label.setAttribute("y", "14");
      each.label.textContent = each.told.replace(/(?: \(.*\))?: [^:]*$/s, "");
      each.box.append(each.label);
    }
    draw() {
      const { zoomed } = this;
      const path = new Set();
      for (let each = zoomed.parent; each; each = each.parent) path.add(each);
      const end = zoomed.start + zoomed.width + grain;
      let deepest = 0;
      for (const each of this.boxes) {
        const past = path.has(each);
        const inside = each.depth >= zoomed.depth && each.start >= zoomed.start - grain && each.start + each.width <= end;
        each.box.classList.toggle("hidden", !past && !inside);
        each.box.classList.toggle("past", past);
        if (!past && !inside) continue;
        const width = past ? 100 : (each.width / zoomed.width) * 100;
        each.box.setAttribute("x", `${past ? 0 : ((each.start - zoomed.start) / zoomed.width) * 100}%`);
        each.box.setAttribute("width", `${width}%`);
        this.write(each, width);
        deepest = Math.max(deepest, each.depth);
      }
      this.flame.setAttribute("height", String((deepest + 1) * row));
    }
    listen() {
      this.flame.addEventListener("click", (event) => {
        const each = this.of(event);
        if (each) { this.go(each); this.zoom(each === this.zoomed && each.parent ? each.parent : each); }
      });
      this.flame.addEventListener("mouseover", (event) => this.tell(this.of(event)));
      this.flame.addEventListener("mouseleave", () => this.tell(this.at));
      this.flame.addEventListener("keydown", (event) => {
        const here = this.at || this.zoomed;
        const beside = here.parent ? here.parent.inside : [here];
        const place = beside.indexOf(here);
        const moves = {
          ArrowDown: () => this.go(here.inside[0]), ArrowUp: () => this.go(here.parent),
          ArrowLeft: () => this.go(beside[place - 1]), ArrowRight: () => this.go(beside[place + 1]),
          Enter: () => this.zoom(here), " ": () => this.zoom(here), Home: () => { this.zoom(this.boxes[0]); this.go(this.boxes[0]); },
        };
        if (moves[event.key]) { event.preventDefault(); moves[event.key](); }
      });
    }
    widest(number) {
      return this.boxes.filter((each) => each.box.dataset.finding === number).sort((a, b) => b.width - a.width)[0];
    }
    show(each) {
      this.go(each);
      this.zoom(each.parent || each);
      this.tell(each);
      this.section.scrollIntoView();
      this.flame.focus({ preventScroll: true });
    }
    // Lights what matches, and tells the share of it: a box inside one that matches counts once.
    search(words) {
      let share = 0;
      let counted = -1;
      for (const each of this.boxes) {
        const fits = Boolean(words) && each.told.toLowerCase().includes(words);
        each.box.classList.toggle("found", fits);
        if (fits && each.start >= counted - grain) { share += each.width; counted = each.start + each.width; }
      }
      return share;
    }
  }
  const graphs = all("section.graph").map((section) => new Graph(section));

  // From a finding to its widest box.
  for (const card of cards) {
    const number = card.id.slice(1);
    const found = graphs.map((graph) => [graph, graph.widest(number)]).filter(([, box]) => box).sort((a, b) => b[1].width - a[1].width)[0];
    if (!found) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "shown";
    button.textContent = "Show in the graph";
    button.addEventListener("click", () => found[0].show(found[1]));
    one(".inner", card).append(button);
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
    const share = Math.max(0, ...graphs.map((graph) => graph.search(words)));
    const part = graphs.length ? `, ${share < 10 ? share.toFixed(1) : Math.round(share)}% of the loop` : "";
    hits.textContent = words ? `${shown} of ${cards.length} findings${part}` : "";
  };
  search.addEventListener("input", find);

  addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, textarea, select");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) { event.preventDefault(); search.focus(); search.select(); }
    if (event.key === "Escape") {
      if (search.value) { search.value = ""; find(); } else graphs.forEach((graph) => graph.zoom(graph.boxes[0]));
      if (typing) search.blur();
    }
  });
})();
