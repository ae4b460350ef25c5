/**
 * Decides whether this page or the relay publishes this participant's video, and whether that is corrected. Both change
 * with a delay, so that short interruptions do not make tiles and marks flicker for the others. Knows nothing of
 * tracks, devices or the page.
 */

/** Time for the relay to appear in the room before the page publishes the raw video itself. */
const GRACE_MS = 3000;

/** Time of stable correction before the others see the mark, and before the page hands over to the relay. */
const STEADY_MS = 1500;

/** Time that a relay that is still in the room may return no video to this page before it counts as lost. */
const NO_VIDEO_MS = 3000;

/** Fires `change` when the mark or what is published may have to change. */
export class Way extends EventTarget {
  #viaRelay;
  /** Whether this page receives corrected video. */
  #receiving = false;
  /** Whether the feed that the relay publishes is not in the room. */
  #missing = true;
  /** Since when the others have seen corrected video, performance.now(). */
  #since = Infinity;
  #grace = new Timer();
  #noVideo = new Timer();
  #steady = new Timer();
  inside = false;

  /** @param {boolean} viaRelay whether the relay publishes @param {boolean} wanted whether correction is switched on */
  constructor(viaRelay, wanted) {
    super();
    this.#viaRelay = viaRelay;
    this.wanted = wanted;
  }

  /** Whether the others see corrected video. */
  get corrected() {
    const carried = this.#viaRelay ? !this.#missing && (this.#receiving || this.#noVideo.running) : this.#receiving;
    return this.wanted && carried;
  }

  /** Whether that has been stable for STEADY_MS. */
  get settled() {
    return this.corrected && performance.now() - this.#since >= STEADY_MS;
  }

  /** Whether the relay is in the room, or may still appear: then this page publishes nothing. */
  get reliesOnRelay() {
    return this.#viaRelay && (this.settled || this.#grace.running);
  }

  /** Called when the room has been joined. */
  enter() {
    this.inside = true;
    this.#grace.start(GRACE_MS, () => this.update());
  }

  /** Called when the room has been left. */
  leave() {
    this.inside = false;
    this.#grace.stop();
  }

  /** Sets whether the feed of the relay is in the room; the room reports that before the relay does. */
  setPresent(/** @type {boolean} */ present) {
    this.#missing = !present;
    if (!present) this.#grace.stop();
    this.update();
  }

  /** Sets the status of the correction. @param {import('../eyeline.d.ts').StateDetail} status */
  setStatus({state, code}) {
    this.#receiving = state === 'corrected';
    if (this.#receiving || code !== 'quiet') this.#noVideo.stop();
    else if (!this.#noVideo.running) this.#noVideo.start(NO_VIDEO_MS, () => this.update());
    this.update();
  }

  /** Called when there is no correction any more. */
  clearStatus() {
    this.#receiving = false;
    this.#noVideo.stop();
  }

  /** Evaluates the state again, and fires `change`. */
  update() {
    if (!this.corrected) this.#since = Infinity;
    else if (this.#since === Infinity) {
      this.#since = performance.now();
      this.#steady.start(STEADY_MS + 20, () => this.update());
    }
    this.dispatchEvent(new Event('change'));
  }
}

/** A timer that can be restarted. */
class Timer {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  get running() {
    return this.#timer !== undefined;
  }

  start(/** @type {number} */ milliseconds, /** @type {() => void} */ act) {
    this.stop();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      act();
    }, milliseconds);
  }

  stop() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
