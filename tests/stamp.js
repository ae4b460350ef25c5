// Reads the frame number that stamp.py draws; put into a page by the tests and by scripts/latency.
(() => {
  const bits = 16;
  const cell = 4; // pixels of the small copy that stand for one block
  const canvas = new OffscreenCanvas(bits * cell, 2 * cell);
  const context = canvas.getContext("2d", { willReadFrequently: true });

  /** @param {HTMLVideoElement} video @returns {number | null} the number shown, null where none can be read */
  globalThis.readNumber = (video) => {
    const { videoWidth: width, videoHeight: height } = video;
    if (!width) return null;
    context.drawImage(video, 0, 0, width, height / 15, 0, 0, canvas.width, canvas.height);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    const green = (column, row) => data[4 * ((row * cell + cell / 2) * canvas.width + column * cell + cell / 2) + 1];
    let number = 0;
    for (let column = 0; column < bits; column++) {
      const contrast = green(column, 0) - green(column, 1);
      if (Math.abs(contrast) < 60) return null;
      number = 2 * number + (contrast > 0 ? 1 : 0);
    }
    return number;
  };
})();
