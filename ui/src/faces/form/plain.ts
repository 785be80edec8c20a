// Helpers for the witness's pages, small enough for one bar of signal.

export type Say = (key: string) => string;

/** The page brings its few words itself, in a template. */
export function words(): Say {
  const template = document.querySelector<HTMLTemplateElement>('template#words');
  const found = new Map<string, string>();
  for (const span of template?.content.querySelectorAll<HTMLElement>('[data-key]') ?? []) found.set(span.dataset['key'] ?? '', span.textContent ?? '');
  return (key) => found.get(key) ?? '';
}

/** Leaves at once: what was typed goes, and Back does not lead here. */
export function quickExit(): void {
  const exit = document.querySelector<HTMLAnchorElement>('#exit');
  exit?.addEventListener('click', (event) => {
    event.preventDefault();
    for (const form of document.forms) form.reset();
    document.body.hidden = true;
    location.replace(exit.href);
  });
}

export function make<K extends keyof HTMLElementTagNameMap>(tag: K, className = '', text = ''): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

export function makeButton(className: string, text: string, act: () => void): HTMLButtonElement {
  const button = make('button', `button ${className}`, text);
  button.type = 'button';
  button.addEventListener('click', act);
  return button;
}
