/** Beats as often as it is asked to, also while the page is hidden, which holds up a page's own timers. */

/** @type {number | undefined} */
let timer;

/** Milliseconds between two beats; 0 for none. */
self.onmessage = ({data: interval}) => {
  clearInterval(timer);
  timer = interval ? setInterval(() => self.postMessage(0), interval) : undefined;
};
