// The living style page: every token and component as the faces use them.
// Written in English for those who work on the client.
import { render } from 'preact';
import { Icon } from '../../components/icon';
import { Mark, SeverityBadge, StatusBadge, type Truth } from '../../components/marks';
import { Empty, Fault, Skeleton } from '../../components/states';
import { say, Toast } from '../../components/toast';
import { Problem } from '../../lib/api';
import { loadWords } from '../../lib/i18n';
import { startShell } from '../../lib/shell';
import type { Severity } from '../../lib/types';
import icons from '../../../icons/icons.json';

const colours = ['land', 'water', 'surface', 'surface-2', 'surface-3', 'line', 'line-strong', 'ink', 'ink-2', 'ink-3', 'accent', 'accent-strong', 'accent-soft', 'low', 'low-fill', 'low-soft', 'normal', 'normal-fill', 'normal-soft', 'life', 'life-fill', 'life-soft', 'good', 'good-soft'];
const severities: Severity[] = ['low', 'normal', 'life_safety'];
const truths: Truth[] = ['verified', 'probable', 'unchecked', 'refuted'];

function Part({ title, children }: { title: string; children: preact.ComponentChildren }) {
  return <section class="card"><h2>{title}</h2>{children}</section>;
}

function Style() {
  return (
    <div class="style">
      <h1>Style</h1>
      <Part title="Colour"><ul class="swatches">{colours.map((c) => <li key={c}><span class={`swatch swatch-${c}`} /><code>--{c}</code></li>)}</ul></Part>
      <Part title="Type"><p class="type-5">Life safety 28</p><p class="type-4">Checked by two people 20</p><p class="type-3">Not yet checked 16</p><p class="type-2">Last heard 14:03 15</p><p class="type-1">exact to 200 m 13</p></Part>
      <Part title="How bad by how sure"><table class="marks"><tbody>{severities.map((s) => <tr key={s}><th><SeverityBadge severity={s} /></th>{truths.map((truth) => <td key={truth}><Mark severity={s} truth={truth} size={32} /><br /><span class="small quiet">{truth}</span></td>)}</tr>)}</tbody></table></Part>
      <Part title="Buttons"><p class="form-actions"><button type="button" class="button button-primary" onClick={() => say('Done.', () => { /* nothing to undo here */ })}>Primary</button><button type="button" class="button">Plain</button><button type="button" class="button button-danger">Danger</button><button type="button" class="button button-quiet">Quiet</button><button type="button" class="button" disabled>Disabled</button><button type="button" class="button" aria-pressed="true">Pressed</button><button type="button" class="button button-small"><Icon name="filter" />Small</button></p></Part>
      <Part title="Fields"><label class="field"><span class="field-label">Label</span><span class="field-hint">What to write here</span><input placeholder="Text" /></label><label class="field"><span class="field-label">Wrong</span><input aria-invalid="true" value="not a number" readOnly /></label><label class="field"><span class="field-label">Choice</span><select><option>One</option></select></label></Part>
      <Part title="Badges"><p class="badges"><StatusBadge status="verified" /><StatusBadge status="probable" /><StatusBadge status="received" /><SeverityBadge severity="life_safety" /></p></Part>
      <Part title="States"><Skeleton /><Empty title="All caught up"><p>New reports appear here by themselves.</p></Empty><Fault fault={new Problem(0, 'offline', '')} retry={() => { /* shown only */ }} /></Part>
      <Part title="Longest words"><p class="form-actions narrowbox"><button type="button" class="button">Wahrscheinlichkeitsverteilung</button><span class="badge">Überschwemmungsgefährdungsgebiet</span></p></Part>
      <Part title="Icons"><ul class="icons">{Object.keys(icons).map((name) => <li key={name}><Icon name={name} /><code>{name}</code></li>)}</ul></Part>
      <Toast />
    </div>
  );
}

export async function startStyle(): Promise<void> {
  const root = document.getElementById('content')!;
  await loadWords();
  await startShell();
  root.replaceChildren();
  render(<Style />, root);
}
