// On a phone the panel is a sheet with three stops: peek, half, full.
export type Stop = 'peek' | 'half' | 'full';
const order: Stop[] = ['peek', 'half', 'full'];

/** The stop nearest to a height, as a share of the space there is. */
export function nearest(height: number, room: number): Stop {
  const share = height / Math.max(1, room);
  return share < 0.32 ? 'peek' : share < 0.74 ? 'half' : 'full';
}

/** Makes a handle drag the panel; a tap or Enter takes the next stop. */
export function dragSheet(handle: HTMLElement, panel: HTMLElement, onStop: (stop: Stop) => void): void {
  let from = 0, height = 0, moved = false;
  const room = () => panel.parentElement?.clientHeight ?? window.innerHeight;
  handle.addEventListener('pointerdown', (event) => {
    from = event.clientY; height = panel.getBoundingClientRect().height; moved = false;
    handle.setPointerCapture(event.pointerId);
    panel.classList.add('dragging');
  });
  handle.addEventListener('pointermove', (event) => {
    if (!handle.hasPointerCapture(event.pointerId)) return;
    const next = height + from - event.clientY;
    if (Math.abs(event.clientY - from) > 4) moved = true;
    panel.style.setProperty('--sheet', `${Math.max(90, Math.min(room(), next))}px`);
  });
  handle.addEventListener('pointerup', () => {
    panel.classList.remove('dragging');
    const now = panel.getBoundingClientRect().height;
    panel.style.removeProperty('--sheet');
    if (moved) onStop(nearest(now, room()));
  });
  handle.addEventListener('click', () => {
    if (moved) { moved = false; return; }
    const current = (panel.dataset['stop'] ?? 'half') as Stop;
    onStop(order[(order.indexOf(current) + 1) % order.length]!);
  });
}
