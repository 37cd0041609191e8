"use strict";
// Everything below only adds comfort: without it the tables and all images are on the page.

// --- tables that sort -------------------------------------------------------------------------
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const now = head.getAttribute("aria-sort");
      const opposite = now === "ascending" ? "descending" : "ascending";
      const direction = now ? opposite : head.dataset.first;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", direction);
      sortRows(table.tBodies[0], column, direction === "ascending" ? 1 : -1);
    });
  });
}

function sortRows(body, column, sign) {
  const value = (row) => row.cells[column].dataset.value;
  const rows = [...body.rows].sort((a, b) => {
    const [left, right] = [value(a), value(b)];
    if (left === "" || right === "") return (left === "") - (right === ""); // empty cells last
    const difference = left - right;
    return sign * (Number.isNaN(difference) ? left.localeCompare(right) : difference);
  });
  body.append(...rows);
}

// --- images side by side under a line that moves ---------------------------------------------
const together = document.getElementById("together");
const comparisons = [];

class Comparison {
  constructor(article, index) {
    this.galleries = new Map();
    for (const gallery of article.querySelectorAll("[data-output]")) {
      const images = [...gallery.querySelectorAll("img")];
      const views = new Map(images.map((image) => [image.dataset.method, image]));
      this.galleries.set(gallery.dataset.output, { ...gallery.dataset, views });
    }
    this.name = article.querySelector("h3").textContent;
    const part = document.getElementById("comparison").content.cloneNode(true);
    this.root = part.firstElementChild;
    const detail = article.querySelector("details.all");
    detail.before(part);
    detail.open = false;
    this.place(article.dataset);
    this.cut = this.find(".cut");
    this.cut.addEventListener("input", () => this.move());
    this.choices = ["left", "right"].map((side) => this.find(`select.${side}`));
    for (const select of this.choices) select.addEventListener("change", () => this.chosen());
    this.offerSizes(index, article.dataset.first);
    this.show(article.dataset.first, "bicubic", this.galleries.get(article.dataset.first).right);
    this.move();
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  // The detail is given as fractions of the image's side.
  place({ x, y, size }) {
    for (const [key, value] of Object.entries({ x, y, size })) {
      this.root.style.setProperty(`--${key}`, value);
    }
  }

  offerSizes(index, first) {
    for (const [output, { side }] of this.galleries) {
      const radio = document.createElement("input");
      Object.assign(radio, { type: "radio", name: `size-${index}`, value: output });
      radio.checked = output === first;
      radio.addEventListener("change", () => this.chosen(output));
      const label = document.createElement("label");
      label.append(radio, ` ${side} × ${side}`);
      this.find(".sizes").append(label);
    }
  }

  // A choice was made here: follow it here and, when asked to, in all images.
  chosen(output = this.output) {
    const [left, right] = this.choices.map((select) => select.value);
    for (const comparison of together.checked ? comparisons : [this]) {
      comparison.show(output, left, right);
    }
  }

  show(output, left, right) {
    const gallery = this.galleries.get(output);
    if (!gallery) return;
    this.output = output;
    const known = (method, otherwise) => (gallery.views.has(method) ? method : otherwise);
    const methods = [known(left, "bicubic"), known(right, "target")];
    this.root.querySelectorAll(".sizes input").forEach((radio) => {
      radio.checked = radio.value === output;
    });
    this.choices.forEach((select, side) => {
      const options = [...gallery.views.values()].map((image) => {
        const { label, method } = image.dataset;
        return new Option(label, method, false, method === methods[side]);
      });
      select.replaceChildren(...options);
    });
    this.views = methods.map((method) => gallery.views.get(method));
    this.draw();
  }

  draw() {
    const sides = [["left", "before"], ["right", "after"]];
    sides.forEach(([side, layer], index) => {
      const view = this.views[index];
      const { label, unreal } = view.dataset;
      const image = this.find(`img.${layer}`);
      image.src = view.src;
      image.alt = `${side} of the line: ${view.alt}`;
      const tag = this.find(`.tag.${side}`);
      tag.textContent = label;
      tag.classList.toggle("unreal", Boolean(unreal));
      const zoomed = this.find(`.zoom img.${side}`);
      zoomed.src = view.src;
      zoomed.alt = `Enlarged detail of ${view.alt}`;
      const caption = zoomed.closest("figure").querySelector("figcaption");
      caption.textContent = label;
      caption.classList.toggle("unreal", Boolean(unreal));
    });
    for (const row of this.root.querySelectorAll("tr[data-metric]")) this.score(row);
    this.cut.setAttribute("aria-label", `Line between both sides of ${this.name}`);
    this.move();
  }

  score(row) {
    const cells = row.querySelectorAll("td");
    const { metric, digits } = row.dataset;
    const values = this.views.map((view) => view.dataset[metric]);
    values.forEach((value, index) => (cells[index].textContent = value || "—"));
    const difference = values[1] - values[0];
    const text = Math.abs(difference).toFixed(digits);
    const sign = Number(text) === 0 ? "" : difference > 0 ? "+" : "−";
    cells[2].textContent = values.every(Boolean) ? sign + text : "—";
  }

  move() {
    const share = this.cut.value;
    this.root.style.setProperty("--cut", `${share}%`);
    const [left, right] = this.views.map((view) => view.dataset.label);
    this.cut.setAttribute("aria-valuetext", `${share} % ${left}, ${100 - share} % ${right}`);
  }
}

document.querySelectorAll("article.image").forEach((article, index) => {
  comparisons.push(new Comparison(article, index));
});
for (const part of document.querySelectorAll(".scripted")) part.hidden = false;
