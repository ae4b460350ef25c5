/** A double of an element, with what the page's modules use. parts: children by selector. */

export class Element extends EventTarget {
  dataset = {};
  textContent = '';
  hidden = false;
  focused = false;
  attributes = new Map();

  constructor(parts = {}) {
    super();
    this.parts = parts;
  }

  querySelector(selector) { return this.parts[selector] ?? null; }
  setAttribute(name, value) { this.attributes.set(name, value); }
  getAttribute(name) { return this.attributes.get(name) ?? null; }
  focus() { this.focused = true; }
  click() { this.dispatchEvent(new Event('click')); }
}

export class Dialog extends Element {
  open = false;

  showModal() { this.open = true; }

  close() {
    this.open = false;
    this.dispatchEvent(new Event('close'));
  }
}
