/** An interval timer that also runs while the page is hidden, when a page's own timers are throttled. */

/** @type {number | undefined} */
let timer;

/** Message: milliseconds between two ticks; 0 stops. */
self.onmessage = ({data: interval}) => {
  clearInterval(timer);
  timer = interval ? setInterval(() => self.postMessage(0), interval) : undefined;
};
