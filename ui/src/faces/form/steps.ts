import { make, makeButton, type Say } from './plain';

/** One question a screen, with a visible number of steps. */
export function stepThrough(form: HTMLFormElement, say: Say): void {
  const steps = [...form.querySelectorAll<HTMLFieldSetElement>('.step')];
  const send = form.querySelector<HTMLButtonElement>('button[type="submit"]');
  const actions = form.querySelector('.form-actions');
  if (!steps.length || !send || !actions) return;

  form.classList.add('stepped');
  let now = 0;
  const track = make('span', 'progress-track');
  track.append(...steps.map(() => make('i')));
  const count = make('span');
  const progress = make('div', 'progress');
  progress.append(track, count);
  form.prepend(progress);
  const back = makeButton('', say('back'), () => show(now - 1));
  const next = makeButton('button-primary button-big push', say('next'), () => show(now + 1));
  send.classList.add('push');
  actions.prepend(back);
  actions.append(next, send);

  const show = (to: number, focus = true) => {
    now = Math.max(0, Math.min(steps.length - 1, to));
    steps.forEach((step, i) => step.classList.toggle('step-now', i === now));
    [...track.children].forEach((bar, i) => bar.classList.toggle('done', i <= now));
    count.textContent = say('step').replace('{n}', String(now + 1)).replace('{of}', String(steps.length));
    back.hidden = now === 0;
    next.hidden = now === steps.length - 1;
    send.hidden = now !== steps.length - 1;
    if (focus) {
      steps[now]?.querySelector<HTMLElement>('textarea, input:not([type="hidden"])')?.focus({ preventScroll: true });
      window.scrollTo({ top: 0 });
    }
  };

  const wrong = form.querySelector('[aria-invalid="true"]')?.closest('.step');
  show(wrong ? steps.indexOf(wrong as HTMLFieldSetElement) : 0, false);
  form.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || !(event.target instanceof HTMLInputElement) || now === steps.length - 1) return;
    event.preventDefault();
    show(now + 1);
  });
  form.addEventListener('submit', (event) => {
    const fault = check(form, say);
    if (fault) {
      event.preventDefault();
      complain(form, fault.text);
      show(fault.step);
      return;
    }
    send.disabled = true;
    send.textContent = say('sending');
  });
  // Coming back with the browser's Back finds a button that works.
  window.addEventListener('pageshow', () => { send.disabled = false; });
}

/** Text or a photo there must be; and no more bytes than the server takes. */
export function check(form: HTMLFormElement, say: Say): { text: string; step: number } | null {
  const value = (name: string) => (form.elements.namedItem(name) as HTMLInputElement).value.trim();
  const files = [...((form.elements.namedItem('media') as HTMLInputElement).files ?? [])];
  const limit = Number(form.dataset['bytes'] ?? 0);
  if (!value('text') && !value('where') && !value('lat') && files.length === 0) return { text: say('needed'), step: 0 };
  if (limit > 0 && files.reduce((sum, f) => sum + f.size, 0) > limit) return { text: say('large'), step: 2 };
  return null;
}

function complain(form: HTMLFormElement, text: string): void {
  document.getElementById('problem')?.remove();
  const line = make('p', 'problem', text);
  line.id = 'problem';
  line.setAttribute('role', 'alert');
  form.before(line);
}
