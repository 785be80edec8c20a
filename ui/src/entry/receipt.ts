import '../design/frame';
import '../design/form.css';
import { quickExit, words } from '../faces/form/plain';

quickExit();
const say = words();

// A link to a receipt carries the code after #, which no server log sees.
const input = document.querySelector<HTMLInputElement>('input#code');
if (input && !input.value && location.hash.length > 1) {
  input.value = decodeURIComponent(location.hash.slice(1));
  history.replaceState(null, '', location.pathname);
}

const code = document.querySelector('p#code');
const place = document.getElementById('copy');
if (code && place && 'clipboard' in navigator) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'button button-primary';
  button.textContent = say('copy');
  button.addEventListener('click', () => {
    void navigator.clipboard.writeText(code.textContent ?? '').then(() => { button.textContent = say('copied'); });
  });
  place.append(button);
}
