/** The video that is sent while there is no camera: the first letter of the name. Knows nothing of rooms. */

const [WIDTH, HEIGHT] = [640, 480];
const INTERVAL_MS = 500; // a participant who joins later needs a first frame

/** A track that lives until stop(). */
export class Blank {
  #canvas = Object.assign(document.createElement('canvas'), {width: WIDTH, height: HEIGHT});
  #context = /** @type {CanvasRenderingContext2D} */ (this.#canvas.getContext('2d', {alpha: false}));
  #timer;
  #ticks = 0;
  /** @type {MediaStreamTrack} */
  track;

  /** @param {() => string} name */
  constructor(name) {
    this.name = name;
    this.#draw();
    this.track = this.#canvas.captureStream(5).getVideoTracks()[0];
    this.#timer = setInterval(() => this.#draw(), INTERVAL_MS);
  }

  stop() {
    clearInterval(this.#timer);
    this.track.stop();
  }

  /** An unchanged canvas gives no new frame, so the last bit of the background alternates. */
  #draw() {
    const context = this.#context;
    context.fillStyle = `rgb(16, 40, ${35 + this.#ticks++ % 2})`;
    context.fillRect(0, 0, WIDTH, HEIGHT);
    context.fillStyle = '#1c5a4e';
    context.beginPath();
    context.arc(WIDTH / 2, HEIGHT / 2, 96, 0, 2 * Math.PI);
    context.fill();
    context.fillStyle = '#d8f3eb';
    context.font = '600 92px system-ui, sans-serif';
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    context.fillText([...this.name().trim()][0]?.toUpperCase() ?? '', WIDTH / 2, HEIGHT / 2 + 6);
  }
}
