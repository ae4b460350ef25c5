/**
 * Starts the library's workers. Browsers run none from another origin, but a page may run one of its own that imports a
 * module from there: so a page elsewhere can use the library where the relay serves it. Its Content-Security-Policy, if
 * it has one, must then allow `blob:` and the relay in `worker-src`, and the relay in `script-src` and
 * `connect-src`.
 */

/** @param {URL} address of the worker's module @param {string} name for debuggers */
export function startWorker(address, name) {
  if (address.origin === location.origin) return new Worker(address, {type: 'module', name});
  const script = new Blob([`import ${JSON.stringify(address.href)};`], {type: 'text/javascript'});
  const own = URL.createObjectURL(script);
  const worker = new Worker(own, {type: 'module', name});
  // Once it speaks it has been loaded. One that never does keeps a hundred bytes.
  worker.addEventListener('message', () => URL.revokeObjectURL(own), {once: true});
  return worker;
}

/** Beats as often as it is asked to, also while the page is hidden. */
export function startMetronome() {
  return startWorker(new URL('./metronome-worker.js', import.meta.url), 'metronome');
}
