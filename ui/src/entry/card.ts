import '../design/frame';
import '../design/form.css';
import { quickExit, words } from '../faces/form/plain';
import { offerPosition } from '../faces/form/position';

// A report card works as plain HTML. This fills in the code that the link carries
// after #, which no server log sees, and offers the device's position.
quickExit();
const form = document.querySelector<HTMLFormElement>('#card');
if (form) {
  const code = form.elements.namedItem('code') as HTMLInputElement;
  if (!code.value && location.hash.length > 1) {
    code.value = decodeURIComponent(location.hash.slice(1));
    history.replaceState(null, '', location.pathname);
  }
  if (code.value) code.closest<HTMLElement>('.field')!.hidden = true;
  offerPosition(form, words());
}
