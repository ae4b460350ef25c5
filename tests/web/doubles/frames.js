/**
 * Doubles of video frames and their streams. To be imported before the module under test: node's own MessageChannel
 * would keep the test from ending.
 */

globalThis.MessageChannel = class {
  port1 = {onmessage: () => {}};
  port2 = {postMessage: (data) => setImmediate(() => this.port1.onmessage({data}))};
};

/** A VideoFrame that counts its close() calls. All its bytes are equal. */
export class ScriptedFrame {
  format = 'I420';
  closed = 0;

  constructor({width = 32, height = 16, timestamp = 0, grey = 128} = {}) {
    Object.assign(this, {timestamp, displayWidth: width, displayHeight: height, grey});
    this.visibleRect = {x: 0, y: 0, width, height};
  }

  allocationSize() {
    return this.visibleRect.width * this.visibleRect.height * 3 / 2;
  }

  async copyTo(buffer) {
    if (this.closed) throw new DOMException('closed', 'InvalidStateError');
    buffer.fill(this.grey);
    const {width, height} = this.visibleRect;
    const [luma, half] = [width * height, width / 2];
    return [[0, width], [luma, half], [luma * 5 / 4, half]].map(([offset, stride]) => ({offset, stride}));
  }

  close() {
    this.closed += 1;
  }
}

/** A camera's stream of frames: `give` adds one, `end` closes it. */
export class ScriptedCamera {
  cancelled = false;

  constructor() {
    this.readable = new ReadableStream({
      start: (controller) => { this.give = (frame) => controller.enqueue(frame); this.end = () => controller.close(); },
      cancel: () => { this.cancelled = true; },
    });
  }
}

/** A sink for frames. While held, a write stays pending. */
export class ScriptedSink {
  /** All frames written, in order. */
  out = [];
  /** Pending writes, now and at most. */
  underWay = 0;
  most = 0;
  closed = false;
  #held = null;
  #release = () => {};

  constructor({fails = false} = {}) {
    this.writable = new WritableStream({
      write: async (frame) => {
        if (fails) throw new Error('the sink refuses frames');
        this.out.push(frame);
        this.underWay += 1;
        this.most = Math.max(this.most, this.underWay);
        await this.#held;
        this.underWay -= 1;
      },
      close: () => { this.closed = true; },
    });
  }

  hold() {
    this.#held ??= new Promise((resolve) => { this.#release = resolve; });
  }

  release() {
    this.#held = null;
    this.#release();
  }
}

/** Waits until all pending microtasks and immediates have run. */
export async function waitIdle() {
  for (let turn = 0; turn < 20; turn++) await new Promise((soon) => setImmediate(soon));
}
