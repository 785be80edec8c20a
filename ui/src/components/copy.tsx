import { useState } from 'preact/hooks';
import { t } from '../lib/i18n';
import { Icon } from './icon';

/** A link to hand over: selectable text and a button. */
export function CopyText({ text, label }: { text: string; label: string }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setDone(true);
    setTimeout(() => setDone(false), 2000);
  };
  return (
    <div class="copytext">
      <input readOnly dir="ltr" value={text} aria-label={label} onFocus={(e) => e.currentTarget.select()} />
      <button type="button" class="button" onClick={() => void copy()}><Icon name={done ? 'check' : 'copy'} />{done ? t('copied') : t('copy')}</button>
    </div>
  );
}
