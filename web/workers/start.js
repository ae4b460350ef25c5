/**
 * Starts the library's workers. Browsers run no worker from another origin, but a page may run one of its own (a blob)
 * that imports a module from there: so pages of other origins can load the library from the relay. Their
 * Content-Security-Policy, if any, must allow `blob:` and the relay in `worker-src`, and the relay in `script-src` and
 * `connect-src`.
 */

/** @param {URL} address of the worker's module @param {string} name for debuggers */
export function startWorker(address, name) {
  if (address.origin === location.origin) return new Worker(address, {type: 'module', name});
  const script = new Blob([`import ${JSON.stringify(address.href)};`], {type: 'text/javascript'});
  const own = URL.createObjectURL(script);
  const worker = new Worker(own, {type: 'module', name});
  // The first message shows that it has loaded. A worker that sends none keeps the URL, about 100 bytes.
  worker.addEventListener('message', () => URL.revokeObjectURL(own), {once: true});
  return worker;
}

/** Starts an interval timer that also runs while the page is hidden. */
export function startMetronome() {
  return startWorker(new URL('./metronome-worker.js', import.meta.url), 'metronome');
}
