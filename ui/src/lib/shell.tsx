// What every page does around its face: theme, who is signed in, the demo's
// one-click sign-in.
import { render } from 'preact';
import { Icon } from '../components/icon';
import { post } from './api';
import { home, loadMe, me, remember } from './deployment';
import { t } from './i18n';
import { setTheme, theme, type Theme } from './theme';
import type { Me, Role } from './types';

const next: Record<Theme, Theme> = { auto: 'dark', dark: 'light', light: 'auto' };
const themeIcon: Record<Theme, string> = { auto: 'theme', dark: 'moon', light: 'sun' };

function ThemeButton() {
  const label = t(`theme.${theme.value}`);
  return (
    <button type="button" class="button button-quiet button-icon" aria-label={label} title={label} onClick={() => setTheme(next[theme.value])}>
      <Icon name={themeIcon[theme.value]} />
    </button>
  );
}

const has = (person: Me, ...roles: Role[]) => person.roles.some((role) => roles.includes(role));

function Faces() {
  const person = me.value;
  if (!person) return null;
  const faces: [string, boolean][] = [
    ['ops', has(person, 'responder', 'coordinator')],
    ['desk', has(person, 'volunteer', 'verifier', 'coordinator')],
    ['admin', has(person, 'admin', 'coordinator')],
  ];
  return <>{faces.filter(([, may]) => may).map(([face]) => (
    <a key={face} href={`/${face}`} aria-current={location.pathname === `/${face}` ? 'page' : undefined}>{t(`face.${face}`)}</a>
  ))}</>;
}

async function signOut() {
  await post('/api/v1/auth/signout');
  remember(false);
  location.assign('/');
}

function Account() {
  const person = me.value;
  if (!person) return <a class="button button-quiet" href="/signin"><Icon name="sign-in" /><span class="menu-label">{t('nav.signin')}</span></a>;
  return (
    <details class="menu">
      <summary class="button button-quiet"><Icon name="person" /><span class="menu-label">{person.name}</span></summary>
      <ul class="menu-list">
        <li class="menu-note">{person.name} · {t(`role.${person.role}`)}</li>
        <li><button type="button" onClick={() => void signOut()}><Icon name="sign-out" />{t('nav.signout')}</button></li>
      </ul>
    </details>
  );
}

const roles: Role[] = ['volunteer', 'verifier', 'responder', 'coordinator', 'admin'];

async function sitDown(role: Role) {
  const person = await post<Me>('/api/v1/demo/signin', { role });
  remember(true);
  location.assign(home([role, ...person.roles.filter((r) => r === role)]));
}

function DemoRoles() {
  return (
    <span class="banner-roles"><span>{t('demo.sit')}</span>
      {roles.map((role) => <button key={role} type="button" class="button" aria-pressed={me.value?.role === role} onClick={() => void sitDown(role)}>{t(`role.${role}`)}</button>)}
    </span>
  );
}

function mount(id: string, node: preact.ComponentChild) {
  const place = document.getElementById(id);
  if (!place) return;
  if (id === 'demo') {
    const span = document.createElement('span');
    span.className = 'banner-roles-place';
    place.append(span);
    render(node, span);
    return;
  }
  place.replaceChildren();
  render(node, place);
}

/** Brings the frame to life; `ask` also asks who is signed in where nobody is
 * remembered. */
export async function startShell(ask = false): Promise<Me | null> {
  mount('theme', <ThemeButton />);
  mount('demo', <DemoRoles />);
  const person = await loadMe(ask);
  mount('faces', <Faces />);
  mount('account', <Account />);
  closeMenusOutside();
  return person;
}

function closeMenusOutside() {
  document.addEventListener('click', (event) => {
    for (const menu of document.querySelectorAll('details.menu[open]')) {
      if (!menu.contains(event.target as Node)) menu.removeAttribute('open');
    }
  });
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    for (const menu of document.querySelectorAll('details.menu[open]')) menu.removeAttribute('open');
  });
}
