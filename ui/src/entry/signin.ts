import '../design/frame';
import '../design/components.css';
import '../design/doc.css';
import { post, Problem } from '../lib/api';
import { home, remember } from '../lib/deployment';
import { loadWords } from '../lib/i18n';
import { startShell } from '../lib/shell';
import type { Me } from '../lib/types';

function serve(form: HTMLFormElement, path: string, read: (data: FormData) => unknown): void {
  const problem = document.getElementById('problem')!;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const button = form.querySelector('button')!;
    button.disabled = true;
    post<Me>(path, read(new FormData(form))).then((person) => {
      remember(true);
      const next = new URLSearchParams(location.search).get('next');
      location.assign(next?.startsWith('/') && !next.startsWith('//') ? next : home(person.roles));
    }, (fault: unknown) => {
      button.disabled = false;
      problem.hidden = false;
      problem.textContent = fault instanceof Problem && fault.status !== 0 ? fault.message || (form.dataset['wrong'] ?? '') : form.dataset['offline'] ?? '';
    });
  });
}

const text = (data: FormData, name: string) => String(data.get(name) ?? '');
const signin = document.querySelector<HTMLFormElement>('#signin');
if (signin) serve(signin, '/api/v1/auth/signin', (d) => ({ name: text(d, 'name'), passphrase: text(d, 'passphrase') }));
const invite = document.querySelector<HTMLFormElement>('#invite');
if (invite) {
  serve(invite, `/api/v1/auth/invitations/${encodeURIComponent(invite.dataset['token'] ?? '')}`, (d) => {
    const passphrase = text(d, 'passphrase');
    return passphrase ? { passphrase } : {};
  });
}
await loadWords();
await startShell();
