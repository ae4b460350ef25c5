/** What is sent while there is no camera: a calm picture with the first letter of the name. Knows nothing of rooms. */

const [WIDTH, HEIGHT] = [640, 480];
const EVERY_MS = 500; // whoever comes later needs a picture to begin with

/** A track that lives until stop(). */
export class Blank {
  #canvas = Object.assign(document.createElement('canvas'), {width: WIDTH, height: HEIGHT});
  #pen = /** @type {CanvasRenderingContext2D} */ (this.#canvas.getContext('2d', {alpha: false}));
  #timer;
  #ticks = 0;
  /** @type {MediaStreamTrack} */
  track;

  /** @param {() => string} name */
  constructor(name) {
    this.name = name;
    this.#draw();
    this.track = this.#canvas.captureStream(5).getVideoTracks()[0];
    this.#timer = setInterval(() => this.#draw(), EVERY_MS);
  }

  stop() {
    clearInterval(this.#timer);
    this.track.stop();
  }

  /** A canvas that has not changed is no new picture: the ground's last bit alternates. */
  #draw() {
    const pen = this.#pen;
    pen.fillStyle = `rgb(16, 40, ${35 + this.#ticks++ % 2})`;
    pen.fillRect(0, 0, WIDTH, HEIGHT);
    pen.fillStyle = '#1c5a4e';
    pen.beginPath();
    pen.arc(WIDTH / 2, HEIGHT / 2, 96, 0, 2 * Math.PI);
    pen.fill();
    pen.fillStyle = '#d8f3eb';
    pen.font = '600 92px system-ui, sans-serif';
    pen.textAlign = 'center';
    pen.textBaseline = 'middle';
    pen.fillText([...this.name().trim()][0]?.toUpperCase() ?? '', WIDTH / 2, HEIGHT / 2 + 6);
  }
}
