/** Hold to compare: active while a button or a key is held down. Knows nothing of video. */

const KEY = 'c';

/**
 * Calls `hold` with true when the button or the key goes down, and with false when it comes up or focus is lost.
 * @param {HTMLButtonElement} button
 * @param {(held: boolean) => void} hold
 */
export function bindCompare(button, hold) {
  const set = (/** @type {boolean} */ held) => {
    if (button.getAttribute('aria-pressed') === String(held)) return;
    button.setAttribute('aria-pressed', String(held));
    hold(held);
  };
  button.addEventListener('pointerdown', (event) => {
    button.setPointerCapture(event.pointerId);
    set(true);
  });
  for (const end of ['pointerup', 'pointercancel', 'lostpointercapture', 'blur']) button.addEventListener(end, () => set(false));
  button.addEventListener('contextmenu', (event) => event.preventDefault()); // a long press on a phone
  window.addEventListener('blur', () => set(false));
  document.addEventListener('keydown', (event) => { if (startsHold(event, button)) set(true); });
  document.addEventListener('keyup', (event) => { if (isHoldKey(event, button)) set(false); });
}

/** Whether this press starts a hold. Not in lists, which search by letter, nor in dialogs. */
function startsHold(/** @type {KeyboardEvent} */ event, /** @type {HTMLElement} */ button) {
  if (event.ctrlKey || event.metaKey || event.altKey || button.closest('[hidden]')) return false;
  const target = /** @type {HTMLElement} */ (event.target);
  return isHoldKey(event, button) && !target.closest('select, dialog');
}

function isHoldKey(/** @type {KeyboardEvent} */ event, /** @type {HTMLElement} */ button) {
  if (event.key.toLowerCase() === KEY) return true;
  return event.target === button && (event.key === ' ' || event.key === 'Enter');
}
