import { make, makeButton, type Say } from './plain';

/** Offers the device's own position; it goes only with the report, and only
 * when asked for. */
export function offerPosition(form: HTMLFormElement, say: Say): void {
  const place = document.getElementById('position');
  if (!place || !('geolocation' in navigator)) return;
  const set = (name: string, value: string) => { (form.elements.namedItem(name) as HTMLInputElement).value = value; };

  const offer = () => place.replaceChildren(makeButton('button-big', say('locate'), ask));
  const state = (text: string, failed: boolean) => {
    const line = make('div', `position-state${failed ? ' failed' : ''}`);
    line.setAttribute('role', 'status');
    line.append(make('span', '', text));
    place.replaceChildren(line);
    return line;
  };
  const forget = () => { for (const name of ['lon', 'lat', 'accuracy_m']) set(name, ''); offer(); };
  const ask = () => {
    state(say('locating'), true);
    navigator.geolocation.getCurrentPosition(({ coords }) => {
      set('lon', coords.longitude.toFixed(6));
      set('lat', coords.latitude.toFixed(6));
      set('accuracy_m', String(Math.round(coords.accuracy)));
      state(say('located').replace('{m}', String(Math.round(coords.accuracy))), false).append(makeButton('', say('forget'), forget));
    }, () => { state(say('unlocated'), true); }, { enableHighAccuracy: true, timeout: 20_000, maximumAge: 60_000 });
  };
  offer();
}
