/**
 * By which way one's picture is in the room, this page's or the relay's, and whether eyes are turned there: both wait a
 * little before they change, because what comes and goes would make the others see tiles and marks come and go. Knows
 * nothing of tracks, devices or the page.
 */

/** So long the relay may take to be in the room before the page shows the raw picture itself. */
const GRACE_MS = 3000;

/** So long it goes well before the others are told, and before the page leaves it to a relay that publishes. */
const STEADY_MS = 1500;

/** So long a relay that is still in the room may leave this page without a picture before it counts as gone. */
const DOUBT_MS = 3000;

/** Fires `change` when there may be something else to say or to publish. */
export class Way extends EventTarget {
  #viaRelay;
  /** Whether the page is given the corrected picture. */
  #alive = false;
  /** Whether what the relay publishes is not in the room. */
  #missing = true;
  /** Since when the others have been seeing eyes that are turned, performance.now(). */
  #since = Infinity;
  #grace = new Delay();
  #doubt = new Delay();
  #steady = new Delay();
  inside = false;

  /** @param {boolean} viaRelay whether the relay publishes @param {boolean} wanted whether eyes are to be turned */
  constructor(viaRelay, wanted) {
    super();
    this.#viaRelay = viaRelay;
    this.wanted = wanted;
  }

  /** Whether the others see eyes that are turned. */
  get corrected() {
    const carried = this.#viaRelay ? !this.#missing && (this.#alive || this.#doubt.runs) : this.#alive;
    return this.wanted && carried;
  }

  /** Whether that has been so for a while. */
  get settled() {
    return this.corrected && performance.now() - this.#since >= STEADY_MS;
  }

  /** Whether the relay is in the room, or may yet come: then there is nothing to publish for this page. */
  get reliesOnRelay() {
    return this.#viaRelay && (this.settled || this.#grace.runs);
  }

  /** From now on others are looking. */
  enter() {
    this.inside = true;
    this.#grace.begin(GRACE_MS, () => this.update());
  }

  /** Nobody is any more. */
  leave() {
    this.inside = false;
    this.#grace.end();
  }

  /** Whether what the relay publishes is in the room; the room knows before the relay can say so. */
  see(/** @type {boolean} */ present) {
    this.#missing = !present;
    if (!present) this.#grace.end();
    this.update();
  }

  /** What the correction says of itself. @param {import('../eyeline.d.ts').StateDetail} status */
  judge({state, code}) {
    this.#alive = state === 'corrected';
    if (this.#alive || code !== 'quiet') this.#doubt.end();
    else if (!this.#doubt.runs) this.#doubt.begin(DOUBT_MS, () => this.update());
    this.update();
  }

  /** There is no correction any more. */
  forget() {
    this.#alive = false;
    this.#doubt.end();
  }

  /** Looks again at what is so, and says that something may have changed. */
  update() {
    if (!this.corrected) this.#since = Infinity;
    else if (this.#since === Infinity) {
      this.#since = performance.now();
      this.#steady.begin(STEADY_MS + 20, () => this.update());
    }
    this.dispatchEvent(new Event('change'));
  }
}

/** Something that is so for a while, once it has begun. */
class Delay {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  get runs() {
    return this.#timer !== undefined;
  }

  begin(/** @type {number} */ milliseconds, /** @type {() => void} */ act) {
    this.end();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      act();
    }, milliseconds);
  }

  end() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
