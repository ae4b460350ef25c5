/** A double of the DOM for tiles, notices and lists: a tree of elements that record what was set on them. */

class ScriptedElement extends EventTarget {
  children = [];
  parent = null;
  dataset = {};
  attributes = {};
  hidden = false;
  textContent = '';
  clientWidth = 0;
  clientHeight = 0;
  style = {setProperty: (name, value) => { this.style[name] = value; }};

  constructor(kind) {
    super();
    this.kind = kind;
  }

  append(...children) {
    for (const child of children) this.insertBefore(child, null);
  }

  insertBefore(child, before) {
    if (typeof child === 'string') return; // text nodes are ignored
    child.remove();
    const at = before ? this.children.indexOf(before) : this.children.length;
    this.children.splice(at, 0, child);
    child.parent = this;
    child.moves = (child.moves ?? 0) + 1;
  }

  remove() {
    if (this.parent) this.parent.children = this.parent.children.filter((one) => one !== this);
    this.parent = null;
  }

  setAttribute(name, value) { this.attributes[name] = value; }

  /** Supports `#id` only; creates the element on first use. */
  querySelector(selector) {
    let found = this.children.find(({id}) => `#${id}` === selector);
    if (!found) {
      found = Object.assign(new ScriptedElement('div'), {id: selector.slice(1)});
      this.append(found);
    }
    return found;
  }

  click() { this.dispatchEvent(new Event('click')); }
}

export const element = (kind = 'div', wish = {}) => Object.assign(new ScriptedElement(kind), wish);

/** Installs it as the browser's document. */
export function installDocument() {
  const make = (kind) => Object.assign(element(kind), kind === 'video' && {videoWidth: 0, videoHeight: 0});
  globalThis.document = {createElement: make, createElementNS: (_, kind) => make(kind)};
  globalThis.ResizeObserver = class { observe() {} };
}
