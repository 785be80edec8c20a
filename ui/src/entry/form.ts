import '../design/frame';
import '../design/form.css';
import { quickExit, words } from '../faces/form/plain';
import { offerPosition } from '../faces/form/position';
import { stepThrough } from '../faces/form/steps';

// The form works as plain HTML. This only makes it easier: one question a
// screen, the device's position, a check of sizes. It keeps nothing.
quickExit();
const form = document.querySelector<HTMLFormElement>('#report');
if (form) {
  const say = words();
  offerPosition(form, say);
  stepThrough(form, say);
}
