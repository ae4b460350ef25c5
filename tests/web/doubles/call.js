/** A simulated camera, encoder and relay: the events of a call, and their times. */

/** @returns {() => number} 0..1, deterministic for a seed (mulberry32) */
export function chance(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const USUAL = {seed: 1, frames: 300, jitter: 0, drop: 0, offset: 2 ** 32 - 900_000, delay: [80, 140]};

/**
 * The events of a call, in order: [at, kind, value], milliseconds of the page's clock. `frame`: a frame arrived, with
 * its time on the camera's clock; `sent`: a frame left the encoder, `received`: a packet arrived, each with an RTP
 * timestamp. truth: the frame's time for each RTP timestamp.
 *
 * jitter: of the camera, milliseconds to either side; drop: share of the frames that never arrive; offset: of the RTP
 * clock, ticks; delay: from sending to the packet, minimum and maximum.
 */
export function call(given = {}) {
  const {seed, frames, jitter, drop, offset, delay} = {...USUAL, ...given};
  const random = chance(seed);
  const between = (least, most) => least + (most - least) * random();
  const [events, truth] = [[], new Map()];
  for (let number = 0; number < frames; number++) {
    const captured = 5_000 + number * 1000 / 30 + between(-jitter, jitter);
    const time = captured + 7_777_000.25; // the camera's clock is not the page's
    const rtp = (90 * Math.round(captured) + offset) >>> 0;
    truth.set(rtp, time);
    if (random() >= drop) events.push([captured + between(1, 6), 'frame', time]);
    const sent = captured + between(5, 25);
    events.push([sent, 'sent', rtp], [sent + between(...delay), 'received', rtp]);
  }
  return {events: events.sort(([a], [b]) => a - b), truth};
}

/** The error of Stamps at each packet of such a call, in frames; null: no frame matched. */
export function judge(stamps, {events, truth}, {kinds = ['frame', 'sent', 'received'], trip = 0, reach} = {}) {
  const off = [];
  if (trip) stamps.trip(trip);
  for (const [at, kind, value] of events) {
    if (kinds.includes(kind)) stamps[kind](value, at);
    if (kind !== 'received') continue;
    const time = stamps.timeOf(value, reach);
    off.push(time === null ? null : Math.round((time - truth.get(value)) / (1000 / 30)));
  }
  return off;
}
