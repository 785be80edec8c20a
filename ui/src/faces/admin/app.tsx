// People, channels, settings: what admins look after and coordinators see.
import { render } from 'preact';
import { Fault } from '../../components/states';
import { Toast } from '../../components/toast';
import { Problem } from '../../lib/api';
import { loadDeployment } from '../../lib/deployment';
import { loadWords, t } from '../../lib/i18n';
import { startShell } from '../../lib/shell';
import { Categories } from './categories';
import { Channels } from './channels';
import { DeploymentForm } from './deployment';
import { People } from './people';
import { readRoute, route } from './route';
import { System } from './system';

const parts = { people: People, channels: Channels, deployment: DeploymentForm, categories: Categories, system: System };
type Part = keyof typeof parts;
const isPart = (s: string | undefined): s is Part => Object.keys(parts).includes(s ?? '');

function Admin() {
  const [first, ...below] = route.value;
  const current = isPart(first) ? first : 'people';
  const Shown = parts[current];
  return (
    <div class="admin">
      <nav class="admin-nav" aria-label={t('face.admin')}>{(Object.keys(parts) as Part[]).map((p) => <a key={p} href={`#${p}`} aria-current={current === p ? 'page' : undefined}>{t(`admin.${p}`)}</a>)}</nav>
      <div class="admin-main">{!below.length && <h1>{t(`admin.${current}`)}</h1>}<Shown /></div>
      <Toast />
    </div>
  );
}

export async function startAdmin(): Promise<void> {
  const root = document.getElementById('content')!;
  await loadWords();
  const person = await startShell(true);
  root.replaceChildren();
  if (!person) {
    render(<div class="narrow"><Fault fault={new Problem(401, 'sign_in', '')} /></div>, root);
    return;
  }
  await loadDeployment().catch(() => null);
  window.addEventListener('hashchange', () => { readRoute(); window.scrollTo({ top: 0 }); });
  readRoute();
  render(<Admin />, root);
}
